import type { SourcePosition } from "../migrate-error.ts";

/** One thing that a reader of a migration should know before it is merged. */
export interface LintFinding {
  /** `MIG4xx`, or `MIG2xx` for what would be refused when the file's turn came. */
  readonly rule: string;
  /** An error makes the command fail, a warning does not. */
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly position: SourcePosition;
  /** What to do about it. */
  readonly hint?: string | undefined;
}

/** A finding in a file, before its place is worked out. */
export interface RawFinding {
  readonly rule: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly hint?: string | undefined;
  /** Index into the file's text; nothing if it is about the file as a whole. */
  readonly offset: number | undefined;
}
