import type { Blocker } from "./events.ts";
import { MigrateError, type MigrateErrorKind, type SourcePosition } from "./migrate-error.ts";
import type { MigrationFile } from "./migrations.ts";
import { showPosition } from "./source-position.ts";

/** A statement of a file failed. `kind` says whether anything of it stayed: `failed`, nothing did; `partial`, the statements before it did. */
export class SqlFailureError extends MigrateError {
  override readonly name = "SqlFailureError";
  readonly code = "MIG301";
  readonly kind: MigrateErrorKind;
  override readonly positions: readonly SourcePosition[];
  override readonly hint: string | undefined;

  /** What the server said it was. */
  readonly sqlstate: string | undefined;
  /** The server's own detail line: the key that is there twice, the row that refers. */
  readonly detail: string | undefined;
  /** Absolute path; `undefined` when the failure came at COMMIT, of one of the files in `positions`. */
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;

  constructor(
    message: string,
    fields: {
      kind: MigrateErrorKind;
      positions: readonly SourcePosition[];
      hint: string | undefined;
      sqlstate: string | undefined;
      detail: string | undefined;
      cause: unknown;
    },
  ) {
    super(message, { cause: fields.cause });
    const only = fields.positions.length === 1 ? fields.positions[0] : undefined;
    this.kind = fields.kind;
    this.positions = fields.positions;
    this.hint = fields.hint;
    this.sqlstate = fields.sqlstate;
    this.detail = fields.detail;
    this.file = only?.file;
    this.line = only?.line;
    this.column = only?.column;
  }
}

/** An applied file's content is not what was applied. */
export interface EditedFile {
  readonly file: MigrationFile;
  readonly appliedHash: string;
  readonly appliedAt: Date | undefined;
  readonly appliedBy: string;
}

/** Applied numbered files were edited. Nothing was run. */
export class EditedError extends MigrateError {
  override readonly name = "EditedError";
  readonly code = "MIG302";
  readonly kind = "validation";
  override readonly positions: readonly SourcePosition[];
  override readonly hint: string;
  readonly edited: readonly EditedFile[];

  constructor(edited: readonly EditedFile[]) {
    super(["an applied migration was edited; nothing was run:", ...edited.map(showEdited)].join("\n"));
    this.edited = edited;
    this.hint = [
      "put the old text back and add a new migration; or, if the change of the text has no effect:",
      ...edited.slice(0, 20).map(({ file }) => `  ${repairCommand("accept-hash", file)}`),
    ].join("\n");
    this.positions = edited.map(({ file }) => ({ file: file.path, line: 1 }));
  }
}

/** `plinth-migrate repair --accept-hash @acme/app:7`, to be copied. */
export function repairCommand(
  action: "mark-applied" | "mark-failed" | "accept-hash",
  { namespace, number }: { readonly namespace: string; readonly number: number },
): string {
  return `plinth-migrate repair --${action} ${namespace}:${number}`;
}

function showEdited({ file, appliedHash, appliedAt, appliedBy }: EditedFile): string {
  const when = appliedAt === undefined ? "" : ` ${appliedAt.toISOString()}`;
  return `  ${file.namespace} ${file.fileName}: applied${when} by ${appliedBy} as ${short(appliedHash)}, the file is ${short(file.hash)}`;
}

/** `sha256:1f0c2d9a41`: enough to tell two apart. */
function short(hash: string): string {
  return hash.slice(0, 17);
}

/** New files have lower numbers than applied ones, and `strict` was asked for. Nothing was run. */
export class OutOfOrderError extends MigrateError {
  override readonly name = "OutOfOrderError";
  readonly code = "MIG303";
  readonly kind = "validation";
  override readonly positions: readonly SourcePosition[];
  override readonly hint = "give them numbers above the highest applied one, or run without strict";
  readonly files: readonly MigrationFile[];

  constructor(files: readonly MigrationFile[]) {
    super(
      `new files with numbers below applied ones: ${files.map((file) => `${file.namespace} ${file.fileName}`).join(", ")}; nothing was run`,
    );
    this.files = files;
    this.positions = files.map((file) => ({ file: file.path, line: 1 }));
  }
}

/** A file stopped part-way in an earlier run, and how far it came can't be known or doesn't fit the file any more. Nothing was run. */
export class InterruptedFileError extends MigrateError {
  override readonly name = "InterruptedFileError";
  /** `MIG304`: a statement may have been applied. `MIG305`: what was done before is not what the file says now. */
  readonly code: "MIG304" | "MIG305";
  readonly kind = "validation";
  override readonly positions: readonly SourcePosition[];
  override readonly hint: string;
  readonly file: MigrationFile;

  constructor(code: "MIG304" | "MIG305", file: MigrationFile, message: string, position: SourcePosition) {
    super(`${showPosition(position)} ${message}`);
    this.code = code;
    this.file = file;
    this.positions = [position];
    this.hint =
      code === "MIG304"
        ? `look at the database, and finish or undo by hand; if all of the file is in effect then:\n  ${repairCommand("mark-applied", file)}\nor, to run it from its first statement:\n  ${repairCommand("mark-failed", file)}`
        : `put those statements back as they were, or, to run it from its first statement:\n  ${repairCommand("mark-failed", file)}`;
  }
}

/** Others held the migration lock for longer than `lockTimeoutMs`. Nothing was run since. */
export class LockTimeoutError extends MigrateError {
  override readonly name = "LockTimeoutError";
  readonly code = "MIG307";
  readonly kind = "lock";
  override readonly retryable = true;
  override readonly hint = "wait for it to end, or raise lockTimeoutMs (--lock-timeout)";
  readonly holder: Blocker | undefined;
  readonly waitedMs: number;

  constructor(waitedMs: number, holder: Blocker | undefined) {
    super(`another migrator held the lock for all of ${Math.round(waitedMs / 1000)} s: ${showBlocker(holder)}`);
    this.waitedMs = waitedMs;
    this.holder = holder;
  }
}

/** The caller's signal, or an operator, ended the run. What was not committed was rolled back. */
export class CancelledError extends MigrateError {
  override readonly name = "CancelledError";
  readonly code = "MIG309";
  readonly kind: MigrateErrorKind;
  override readonly hint: string | undefined;

  constructor(kind: "failed" | "partial", options?: ErrorOptions) {
    super(
      kind === "failed"
        ? "cancelled; what was not committed was rolled back"
        : "cancelled in a file without a transaction; the statements before it stay",
      options,
    );
    this.kind = kind;
    this.hint = kind === "partial" ? "run again: it goes on at the statement that was cancelled" : undefined;
  }
}

/** A file held COMMIT or the like. What had run until there stays, and is not in the ledger. */
export class TransactionEndedError extends MigrateError {
  override readonly name = "TransactionEndedError";
  readonly code = "MIG310";
  readonly kind = "partial";
  override readonly positions: readonly SourcePosition[];
  override readonly hint =
    "remove COMMIT, END, ROLLBACK from the file; then see what of it is in effect, and `plinth-migrate repair --mark-applied` what is wholly so";
  /** The files that ran in the transaction until it was ended, the one that ended it last. */
  readonly files: readonly MigrationFile[];

  constructor(files: readonly MigrationFile[], options?: ErrorOptions) {
    const file = files.at(-1);
    super(
      `${file?.path} ended the transaction that it ran in: what ${files.length === 1 ? "it" : "it and the files before it in the batch"} did until there may be committed, and is not in the ledger`,
      options,
    );
    this.files = files;
    this.positions = file === undefined ? [] : [{ file: file.path, line: 1 }];
  }
}

/** An index that was built concurrently is there and not valid: it enforces nothing and answers nothing. */
export class InvalidIndexError extends MigrateError {
  override readonly name = "InvalidIndexError";
  readonly code = "MIG311";
  readonly kind = "partial";
  override readonly positions: readonly SourcePosition[];
  override readonly hint: string;
  readonly index: string;

  constructor(index: string, position: SourcePosition) {
    super(`${showPosition(position)} index ${index} is there and not valid: an earlier attempt to build it failed`);
    this.index = index;
    this.positions = [position];
    this.hint = `find out whose it is; \`drop index concurrently ${index}\` and run again`;
  }
}

/** The ledger has no such file, or the file is not in a state that this repair is for. Nothing was written. */
export class RepairError extends MigrateError {
  override readonly name = "RepairError";
  readonly code = "MIG312";
  readonly kind = "usage";
}

/** Somebody else changed the ledger since it was read: the plan is to be made again. Never leaves `apply`. */
export class LedgerMovedError extends Error {
  override readonly name = "LedgerMovedError";
}

/** `pid 311 web-api on 10.0.0.7, idle in transaction for 95 s, "select 1"`, for messages and terminals. */
export function showBlocker(blocker: Blocker | undefined): string {
  if (blocker === undefined) return "its holder is not to be seen";
  const { pid, applicationName, clientHost, state, ageMs, query, hidden } = blocker;
  return [
    `pid ${pid}${applicationName === "" ? "" : ` ${applicationName}`}${clientHost === undefined ? "" : ` on ${clientHost}`}`,
    ...(state === undefined ? [] : [ageMs === undefined ? state : `${state} for ${Math.round(ageMs / 1000)} s`]),
    ...(query === undefined || query === "" ? [] : [JSON.stringify(query)]),
    ...(hidden ? ["what it does is hidden from this role: grant pg_read_all_stats to it"] : []),
  ].join(", ");
}
