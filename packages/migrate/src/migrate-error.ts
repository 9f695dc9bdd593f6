import { PlinthError } from "@plinth/db-core/errors";

/** Where in a file something is wrong. Lines and columns count from 1, columns in characters. */
export interface SourcePosition {
  /** Absolute path. */
  readonly file: string;
  readonly line: number;
  readonly column?: number | undefined;
  /** The line itself. */
  readonly text?: string | undefined;
}

/** What kind of failure it is, and so which exit code a command ends with. */
export type MigrateErrorKind =
  | "usage" // 2: options, files, manifests, the graph
  | "validation" // 4: an applied file was edited, the ledger and the files disagree
  | "failed" // 5: a file failed and was rolled back
  | "partial" // 6: a file without a transaction failed part-way
  | "lock" // 7: the lock was not to be had in time
  | "connection" // 8: no connection, no privilege, not a primary
  | "lint" // 9
  | "contract"; // 10: a procedure or a grant is not what was promised

/** What every error of the migrator is. */
export abstract class MigrateError extends PlinthError {
  /** `MIG` and three digits. */
  abstract override readonly code: string;
  abstract readonly kind: MigrateErrorKind;
  /** Where to look, first things first; empty if the fault is not in a file. */
  readonly positions: readonly SourcePosition[] = [];
  /** What to do about it, as a sentence; shown below the message. */
  readonly hint: string | undefined = undefined;
}
