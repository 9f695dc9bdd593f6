import { createHash } from "node:crypto";
import { escapeIdentifier } from "pg";
import type { ArgSpec, ProcedureSpec } from "./contract.ts";

/** The SQL of a call in which certain arguments were given. */
export class Statement {
  readonly text: string;
  /** The same for the same text, in every process: two that share a server's connection don't mean different things by one name. */
  readonly name: string;

  constructor(text: string) {
    this.text = text;
    this.name = `plinth_${createHash("sha256").update(text).digest("base64url").slice(0, 12)}`;
  }
}

/** A call that names its arguments and its columns: what is added to the procedure later doesn't reach it. */
export function callText(spec: ProcedureSpec, given: readonly ArgSpec[]): string {
  const call = callOf(spec, given);
  return isValue(spec) ? `select ${call}` : `select ${columnsOf(spec, "r")} from ${call} as r`;
}

/** What a call sets for itself before it runs. */
export interface Setting {
  readonly name: string;
  readonly value: string;
}

export const READ_ONLY: Setting = { name: "transaction_read_only", value: "on" };

/** For batches of calls: a lock that is not to be had at once holds up all of them. */
export const BRIEF_LOCKS: Setting = { name: "lock_timeout", value: "50ms" };

/**
 * The same, which first sets something for its own transaction. The call depends on the setting laterally, so it comes second; `offset 0` keeps
 * the planner from pulling it out. It ends with the statement and leaves nothing on the connection.
 */
export function guardedCallText(spec: ProcedureSpec, given: readonly ArgSpec[], { name, value }: Setting): string {
  const call = callOf(spec, given);
  const guarded = isValue(spec)
    ? `select ${call} as value where g.value = '${value}' offset 0`
    : `select ${columnsOf(spec, "f")} from ${call} as f where g.value = '${value}' offset 0`;
  return (
    `select ${isValue(spec) ? "r.value" : columnsOf(spec, "r")}` +
    ` from (select set_config('${name}', '${value}', true) as value) as g` +
    ` cross join lateral (${guarded}) as r`
  );
}

function callOf(spec: ProcedureSpec, given: readonly ArgSpec[]): string {
  const args = given.map(([, name], index) => `${escapeIdentifier(name)} => $${index + 1}`);
  return `${escapeIdentifier(spec.schema)}.${escapeIdentifier(spec.name)}(${args.join(", ")})`;
}

function columnsOf(spec: ProcedureSpec, alias: string): string {
  return spec.columns.map(([, name]) => `${alias}.${escapeIdentifier(name)}`).join(", ");
}

/** A call that stands for a value, or a set of values: it has no columns to name. */
function isValue(spec: ProcedureSpec): boolean {
  return spec.returns === "void" || spec.returns === "scalar" || spec.setOfScalars === true;
}
