import type { ProcedureSpec } from "./contract.ts";
import { type Decode, decoderOf } from "./decode.ts";
import { ResultError } from "./result-error.ts";

/** A row of the server's: text, or no value. */
export type Fields = readonly (string | null)[];

/** Makes what a procedure's caller gets of the rows of its answer. Built once per procedure. */
export interface AnswerReader {
  /** One row. @throws {ResultError} */
  row(fields: Fields): unknown;
  /** All rows together. @throws {ResultError} */
  result(rows: readonly unknown[]): unknown;
}

export function answerReader(spec: ProcedureSpec, label: string): AnswerReader {
  return { row: rowReader(spec, label), result: resultReader(spec, label) };
}

function rowReader(spec: ProcedureSpec, label: string): (fields: Fields) => unknown {
  if (spec.returns === "void") return () => undefined;
  const keys = spec.columns.map(([key]) => key);
  const decoders = spec.columns.map(([, , type]) => decoderOf(type));
  if (spec.returns === "scalar" || spec.setOfScalars === true) {
    const [decode] = decoders;
    const [key = "value"] = keys;
    const mayBeNull = spec.nullable === true;
    return ([text = null]) => {
      if (text === null && !mayBeNull)
        throw new ResultError(
          label,
          `it is NULL, which its migration does not announce: -- @column ${spec.name} nullable`,
        );
      return readField(label, key, decode, text);
    };
  }
  return (fields) => {
    const row: Record<string, unknown> = {};
    for (let index = 0; index < keys.length; index += 1)
      row[keys[index] as string] = readField(
        label,
        keys[index] as string,
        decoders[index],
        fields[index] as string | null,
      );
    return row;
  };
}

function readField(label: string, key: string, decode: Decode | undefined, text: string | null): unknown {
  if (text === null || decode === undefined) return text;
  try {
    return decode(text);
  } catch (cause) {
    throw new ResultError(label, `${key}: ${(cause as Error).message}`, { cause });
  }
}

function resultReader(spec: ProcedureSpec, label: string): (rows: readonly unknown[]) => unknown {
  if (spec.returns === "many") return (rows) => rows;
  if (spec.returns === "void") return () => undefined;
  const rowsMin = spec.returns === "maybe" ? 0 : 1;
  return (rows) => {
    if (rows.length > 1 || rows.length < rowsMin)
      throw new ResultError(label, `${rows.length} rows, where ${rowsMin === 0 ? "at most" : "exactly"} one is`);
    return rows[0];
  };
}
