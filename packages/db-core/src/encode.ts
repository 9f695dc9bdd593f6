import { isDate, isUint8Array } from "node:util/types";
import { quoteElement } from "./array-text.ts";
import { writeInstant } from "./instant.ts";
import { type Kind, sqlType } from "./sql-type.ts";

/** What goes onto the wire: text, or bytes as they are. */
export type Encoded = string | Uint8Array | null;

/** Makes text or bytes of a value that is not null; nothing: the value is not one of `expected`. */
type Encode = (value: unknown) => string | Uint8Array | undefined;

/** How an argument of an SQL type is written. */
export interface Encoder {
  readonly encode: Encode;
  /** What the encoder takes, for messages. */
  readonly expected: string;
}

const ENCODERS: Readonly<Record<Kind, Encoder>> = {
  bigint: { encode: encodeWhole, expected: "a bigint, or a whole number that is exact" },
  integer: { encode: encodeWhole, expected: "a whole number" },
  float: { encode: encodeNumber, expected: "a number" },
  numeric: { encode: encodeNumeric, expected: "a decimal number as a string, a bigint or a number" },
  boolean: { encode: encodeBoolean, expected: "true or false" },
  instant: { encode: encodeInstant, expected: "a valid Date" },
  json: { encode: encodeJson, expected: "a value that JSON has" },
  bytes: { encode: encodeBytes, expected: "a Uint8Array" },
  text: { encode: encodeText, expected: "a string without \\0" },
  void: { encode: encodeText, expected: "a string without \\0" },
};

/** The encoder of an SQL type. */
export function encoderOf(typeName: string): Encoder {
  const { kind, isArray, delimiter } = sqlType(typeName);
  const element = ENCODERS[kind];
  if (!isArray) return element;
  const expected = `an array, of each element ${element.expected}, or null`;
  return { encode: (value) => (Array.isArray(value) ? encodeArray(value, kind, delimiter) : undefined), expected };
}

function encodeArray(values: readonly unknown[], kind: Kind, delimiter: "," | ";"): string | undefined {
  const parts: string[] = [];
  for (const value of values) {
    const part = encodeElement(value, kind, delimiter);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return `{${parts.join(delimiter)}}`;
}

function encodeElement(value: unknown, kind: Kind, delimiter: "," | ";"): string | undefined {
  if (value === null) return "NULL";
  // An array within an array of JSON is a JSON value, elsewhere it is a further dimension.
  if (Array.isArray(value) && kind !== "json") return encodeArray(value, kind, delimiter);
  const encoded = value === undefined ? undefined : ENCODERS[kind].encode(value);
  if (encoded === undefined) return undefined;
  return quoteElement(typeof encoded === "string" ? encoded : `\\x${Buffer.from(encoded).toString("hex")}`);
}

function encodeWhole(value: unknown): string | undefined {
  return typeof value === "bigint" || Number.isSafeInteger(value) ? String(value) : undefined;
}

function encodeNumber(value: unknown): string | undefined {
  return typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;
}

function encodeNumeric(value: unknown): string | undefined {
  return typeof value === "string" ? encodeText(value) : encodeNumber(value);
}

function encodeBoolean(value: unknown): string | undefined {
  return value === true ? "t" : value === false ? "f" : undefined;
}

/** Text is for what a Date can't hold: microseconds (a list's position), `infinity`. */
function encodeInstant(value: unknown): string | undefined {
  if (isDate(value)) return writeInstant(value);
  return typeof value === "string" ? encodeText(value) : undefined;
}

function encodeJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    // A bigint, or an object that contains itself.
    return undefined;
  }
}

function encodeBytes(value: unknown): Uint8Array | undefined {
  return isUint8Array(value) ? value : undefined;
}

function encodeText(value: unknown): string | undefined {
  return typeof value === "string" && !value.includes("\0") ? value : undefined;
}
