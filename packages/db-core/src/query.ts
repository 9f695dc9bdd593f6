import { isDate } from "node:util/types";
import type { ClientBase } from "pg";
import { types } from "pg";
import type { QueryResult } from "./database.ts";
import { decoderOf } from "./decode.ts";
import { writeInstant } from "./instant.ts";
import { OptionError } from "./option-error.ts";

/** What the driver reads differently from procedures: a value is the same in JavaScript whichever way it came. */
const DECODERS: ReadonlyMap<number, (text: string) => unknown> = new Map(
  (
    [
      [20, "int8"],
      [1016, "int8[]"],
      [17, "bytea"],
      [1001, "bytea[]"],
      [1184, "timestamptz"],
      [1185, "timestamptz[]"],
      [1114, "timestamp"],
      [1115, "timestamp[]"],
      [1082, "date"],
      [1182, "date[]"],
      [1186, "interval"],
      [1187, "interval[]"],
      [1700, "numeric"],
      [1231, "numeric[]"],
      [600, "point"],
      [718, "circle"],
    ] as const
  ).map(([oid, name]) => [oid, decoderOf(name) ?? ((text: string): string => text)]),
);

const TYPES = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    DECODERS.get(oid) ?? types.getTypeParser(oid, format as "text")) as typeof types.getTypeParser,
};

/** Runs plain SQL on a connection. The driver's errors pass as they are. */
export async function runQuery<Row extends object>(
  client: ClientBase,
  text: string,
  values: readonly unknown[] = [],
): Promise<QueryResult<Row>> {
  if (typeof text !== "string") throw new OptionError("text", "SQL as a string", text);
  if (!Array.isArray(values)) throw new OptionError("values", "an array", values);
  const result = await client.query<Row & Record<string, unknown>>({
    text,
    values: values.map(writeDates),
    types: TYPES,
  });
  // Several statements in one text: the last one's result, as psql shows it.
  const last = Array.isArray(result) ? (result.at(-1) as typeof result) : result;
  return { rows: last.rows, rowCount: last.rowCount };
}

/** The driver would write a Date in this process's zone, which a column without a zone then keeps. */
function writeDates(value: unknown): unknown {
  if (isDate(value)) {
    const written = writeInstant(value);
    if (written === undefined) throw new OptionError("values", "free of invalid Dates", value);
    return written;
  }
  return Array.isArray(value) ? value.map(writeDates) : value;
}
