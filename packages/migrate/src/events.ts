import type { MigrationFile } from "./migrations.ts";
import type { PlannedFile } from "./plan.ts";

/** A connection that is in the way: the holder of the migration lock, or of a lock that a statement waits for. */
export interface Blocker {
  readonly pid: number;
  readonly applicationName: string;
  /** Where it connects from; `undefined` for a local socket, and for a role that may not see it. */
  readonly clientHost: string | undefined;
  readonly user: string | undefined;
  /** `active`, `idle in transaction`, ... */
  readonly state: string | undefined;
  /** Its current or last statement, at most 200 characters; `undefined` for a role that may not see it. */
  readonly query: string | undefined;
  /** True for a role that may not see what it does: being granted `pg_read_all_stats`, it may. */
  readonly hidden: boolean;
  /** How long that statement, or its transaction if it idles in one, has been going on, by the server's clock. */
  readonly ageMs: number | undefined;
}

/** What `apply` tells while it works. Each is told when it is true: nothing is called applied before its transaction was committed. */
export type MigrateEvent =
  /** Somebody else migrates this database. Told at once, when the holder changes, and every ten seconds. */
  | { readonly type: "waiting"; readonly waitedMs: number; readonly holder: Blocker | undefined }
  | { readonly type: "locked"; readonly waitedMs: number }
  | { readonly type: "planned"; readonly files: readonly PlannedFile[] }
  | { readonly type: "warning"; readonly message: string }
  | { readonly type: "started"; readonly file: MigrationFile; readonly index: number; readonly count: number }
  /** A file without a transaction: statement `statement` of `statements` is about to run. */
  | {
      readonly type: "statement";
      readonly file: MigrationFile;
      readonly statement: number;
      readonly statements: number;
      readonly line: number;
    }
  /** The file ran to its end; it stands once `committed` names it. */
  | {
      readonly type: "ran";
      readonly file: MigrationFile;
      readonly index: number;
      readonly count: number;
      readonly durationMs: number;
    }
  | { readonly type: "committed"; readonly namespace: string; readonly files: readonly MigrationFile[] }
  | { readonly type: "rolled back"; readonly namespace: string; readonly files: readonly MigrationFile[] }
  /** A statement waits for locks of these connections. */
  | { readonly type: "blocked"; readonly file: MigrationFile | undefined; readonly by: readonly Blocker[] }
  /** A lock was not had in time or there was a deadlock: all of it was rolled back, and is run again after `delayMs`. */
  | {
      readonly type: "retrying";
      readonly file: MigrationFile | undefined;
      readonly attempt: number;
      readonly attemptsMax: number;
      readonly sqlstate: string;
      readonly by: readonly Blocker[];
      readonly delayMs: number;
    }
  | { readonly type: "granted"; readonly changes: readonly unknown[] };

/** Hears what `apply` does. What it throws is not caught: it must not throw. */
export type OnMigrateEvent = (event: MigrateEvent) => void;
