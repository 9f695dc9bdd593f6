import type { DatabaseError } from "pg";
import { sqlstateOf } from "./connection.ts";
import { dropHint } from "./drop-statement.ts";
import type { Blocker } from "./events.ts";
import type { MigrateErrorKind } from "./migrate-error.ts";
import type { MigrationFile } from "./migrations.ts";
import { SqlFailureError, showBlocker } from "./run-errors.ts";
import { isLoss, sessionFailure } from "./session.ts";
import { positionAt, showPosition } from "./source-position.ts";
import { scanStatements } from "./sql-statements.ts";

const NO_TRANSACTION = "-- disable auto transaction";

/** What is known of a failure beside the server's own words. */
export interface FailureContext {
  readonly file: MigrationFile;
  readonly text: string;
  /** Characters that were sent before the text. */
  readonly sentBefore: number;
  /** Statements of the text that ended before the one that failed. */
  readonly completed: number;
  readonly kind: Extract<MigrateErrorKind, "failed" | "partial">;
  readonly blockers: readonly Blocker[];
}

/** A failed statement of a file as an error that shows the place: from the server's position, or else from which statement it was. */
export function sqlFailure(cause: unknown, context: FailureContext): Error {
  const sqlstate = sqlstateOf(cause);
  if (isLoss(sqlstate)) return sessionFailure(cause);
  const error = cause as DatabaseError;
  const offset = offsetOf(error, context);
  const position = positionAt(context.file.path, context.text, offset);
  return new SqlFailureError(`${showPosition(position)} ${sqlstate} ${error.message}`, {
    kind: context.kind,
    positions: [position],
    hint: hintFor(error, sqlstate, context.blockers),
    sqlstate,
    detail: error.detail,
    cause,
  });
}

/** A failure at COMMIT, of a deferred constraint say: any of the files may be the one, and all were rolled back. */
export function commitFailure(cause: unknown, files: readonly MigrationFile[]): Error {
  const sqlstate = sqlstateOf(cause);
  if (isLoss(sqlstate)) return sessionFailure(cause);
  const error = cause as DatabaseError;
  const which = files.length === 1 ? files[0]!.path : `one of ${files.length} files of ${files[0]!.namespace}`;
  return new SqlFailureError(`${which}: at COMMIT: ${sqlstate} ${error.message}`, {
    kind: "failed",
    positions: files.map((file) => ({ file: file.path, line: 1 })),
    hint: error.hint ?? "a deferred constraint is checked when all of the batch has run",
    sqlstate,
    detail: error.detail,
    cause,
  });
}

function offsetOf(error: DatabaseError, context: FailureContext): number {
  const position = Number(error.position);
  if (Number.isInteger(position) && position > context.sentBefore)
    return unitsOf(context.text, position - context.sentBefore - 1);
  return startOfStatement(context.text, context.completed);
}

/** Postgres counts characters, JavaScript UTF-16 units: an emoji is one and two. */
function unitsOf(text: string, characters: number): number {
  let units = 0;
  for (let count = 0; count < characters && units < text.length; count++)
    units += text.codePointAt(units)! > 0xffff ? 2 : 1;
  return units;
}

/** Where the statement after so many others begins. */
export function startOfStatement(text: string, before: number): number {
  let seen = 0;
  let start = 0;
  scanStatements(text, {
    statement(statement) {
      if (seen++ === before) start = statement.start;
    },
  });
  return start;
}

function hintFor(error: DatabaseError, sqlstate: string | undefined, blockers: readonly Blocker[]): string | undefined {
  if (sqlstate === "25001")
    return `this statement can't run in a transaction: put it into a file of its own with the comment \`${NO_TRANSACTION}\``;
  if (sqlstate === "55P04")
    return `a new enum value can be used only after the transaction that adds it: add it in a file of its own with the comment \`${NO_TRANSACTION}\``;
  if (sqlstate === "55P03")
    return blockers.length === 0
      ? "others held the lock for longer than statementLockTimeoutMs, at every attempt"
      : `blocked by ${blockers.map(showBlocker).join("; ")}`;
  // The server's own hint names the function with its types.
  const [, replaced] = sqlstate === "42P13" ? (/^Use DROP FUNCTION (.+) first/.exec(error.hint ?? "") ?? []) : [];
  if (replaced !== undefined) return dropHint(`drop function if exists ${replaced};`);
  if (sqlstate === "57014") return error.hint ?? "statement_timeout was reached, or an operator cancelled it";
  if (sqlstate === "42501")
    return error.hint ?? "give the role that migrates the right, or put the statement into an operator's script";
  return error.hint;
}
