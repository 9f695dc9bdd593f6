import { readArrayText, type TextArray } from "./array-text.ts";
import { readInstant } from "./instant.ts";
import { type Kind, sqlType } from "./sql-type.ts";

/** Makes a JavaScript value of the server's text. Throws what it can't make one of. */
export type Decode = (text: string) => unknown;

const DECODERS: Readonly<Record<Kind, Decode>> = {
  bigint: BigInt,
  integer: Number,
  float: Number,
  numeric: asItIs,
  boolean: (text) => text === "t",
  instant: decodeInstant,
  json: (text) => JSON.parse(text),
  bytes: decodeBytes,
  text: asItIs,
  void: () => undefined,
};

/** The decoder of an SQL type; nothing where the text is the value, which saves the call. */
export function decoderOf(typeName: string): Decode | undefined {
  const { kind, isArray, delimiter } = sqlType(typeName);
  const decode = DECODERS[kind];
  if (!isArray) return decode === asItIs ? undefined : decode;
  const decodeAll = (elements: TextArray): unknown[] =>
    elements.map((each) => (each === null ? null : typeof each === "string" ? decode(each) : decodeAll(each)));
  return (text) => decodeAll(readArrayText(text, delimiter));
}

function asItIs(text: string): string {
  return text;
}

function decodeInstant(text: string): Date {
  const date = readInstant(text);
  if (date === undefined) throw new RangeError(`${text} is no time that a Date can hold`);
  return date;
}

function decodeBytes(text: string): Uint8Array {
  if (!text.startsWith("\\x")) throw new RangeError("bytes are expected as hex: bytea_output must not be escape");
  const bytes = new Uint8Array((text.length - 2) / 2);
  Buffer.from(bytes.buffer).write(text.slice(2), "hex");
  return bytes;
}
