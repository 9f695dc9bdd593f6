import { createHash } from "node:crypto";
import { escapeIdentifier, escapeLiteral } from "pg";
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
  if (!isValue(spec)) return withCheck(spec, `select ${columnsOf(spec, "r")} from ${call} as r`);
  return withCheck(spec, `select ${spec.mode === "write" && spec.returns === "void" ? `${call}::text` : call}`);
}

/**
 * A write that is taken back if its function was dropped while it ran. A call that waits for a table's lock goes on with the body that it was
 * loaded with, when whoever migrates commits; and an INSERT of such a body leaves a column that is gone out of the row in silence. The last
 * branch runs when the call has ended, never gives a row, and fails as any call of a function that is not there (42883): it is made again. A
 * read needs no check, since what it names and is gone fails it.
 */
function withCheck(spec: ProcedureSpec, text: string): string {
  if (spec.mode === "read") return text;
  const name = `${escapeIdentifier(spec.schema)}.${escapeIdentifier(spec.name)}`;
  const gone = escapeLiteral(escapeIdentifier(`${spec.name}, replaced while the call waited`));
  return (
    `${text} union all select ${isValue(spec) ? "null" : spec.columns.map(() => "null").join(", ")}` +
    // Folded into the plan when that is made, as the function that the call has in it.
    ` where case when pg_function_is_visible(${escapeLiteral(name)}::regproc::oid) is not null then false` +
    // Postgres makes no function's name of this text before it runs.
    ` else ${gone}::text::regproc is null end`
  );
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
    ? `select ${spec.mode === "write" && spec.returns === "void" ? `${call}::text` : call} as value where g.value = '${value}' offset 0`
    : `select ${columnsOf(spec, "f")} from ${call} as f where g.value = '${value}' offset 0`;
  return withCheck(
    spec,
    `select ${isValue(spec) ? "r.value" : columnsOf(spec, "r")}` +
      ` from (select set_config('${name}', '${value}', true) as value) as g` +
      ` cross join lateral (${guarded}) as r`,
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
