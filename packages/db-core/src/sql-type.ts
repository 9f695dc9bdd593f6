/** What a value of an SQL type is in JavaScript. `text`: all that has no better match stays as the server writes it. */
export type Kind =
  | "bigint"
  | "integer"
  | "float"
  | "numeric"
  | "boolean"
  | "instant"
  | "json"
  | "bytes"
  | "text"
  | "void";

/** An SQL type as far as the wire is concerned. */
export interface SqlType {
  readonly kind: Kind;
  readonly isArray: boolean;
  /** What stands between the elements of an array. */
  readonly delimiter: "," | ";";
}

const KINDS: Readonly<Record<string, Kind>> = {
  int8: "bigint",
  bigint: "bigint",
  int2: "integer",
  smallint: "integer",
  int4: "integer",
  integer: "integer",
  int: "integer",
  oid: "integer",
  float4: "float",
  real: "float",
  float8: "float",
  "double precision": "float",
  numeric: "numeric",
  decimal: "numeric",
  bool: "boolean",
  boolean: "boolean",
  timestamptz: "instant",
  "timestamp with time zone": "instant",
  timestamp: "instant",
  "timestamp without time zone": "instant",
  json: "json",
  jsonb: "json",
  bytea: "bytes",
  void: "void",
};

/** Reads a type's name, the short one of the catalog or the long one of the standard: `int8`, `bigint[]`, `_int8`. */
export function sqlType(name: string): SqlType {
  const isArray = name.endsWith("[]") || name.startsWith("_");
  const element = name.replace(/^(pg_catalog\.)?_?/, "").replace(/(\[\])+$/, "");
  return { kind: KINDS[element] ?? "text", isArray, delimiter: element === "box" ? ";" : "," };
}
