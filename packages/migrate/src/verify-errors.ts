import type { Drift } from "./catalog-fingerprint.ts";
import { MigrateError, type SourcePosition } from "./migrate-error.ts";
import type { MigrationFile } from "./migrations.ts";
import { repairCommand } from "./run-errors.ts";
import type { StoppedFile } from "./status.ts";

/** Files without a transaction that stopped part-way and are neither finished nor repaired. */
export class StoppedFilesError extends MigrateError {
  override readonly name = "StoppedFilesError";
  readonly code = "MIG313";
  readonly kind = "validation";
  override readonly hint: string;
  override readonly positions: readonly SourcePosition[];
  readonly files: readonly StoppedFile[];

  constructor(files: readonly StoppedFile[], onDisk: readonly MigrationFile[]) {
    super(
      [
        "files without a transaction stopped part-way:",
        ...files.map(
          (file) =>
            `  ${file.namespace}:${file.number} ${file.name} ${file.status} at statement ${file.statementsDone + 1} of ${file.statementCount}`,
        ),
      ].join("\n"),
    );
    this.files = files;
    this.hint = [
      "apply goes on where they stopped; or, after a look at the database, one of:",
      ...files
        .slice(0, 10)
        .flatMap((file) => [repairCommand("mark-applied", file), repairCommand("mark-failed", file)])
        .map((command) => `  ${command}`),
    ].join("\n");
    this.positions = files.flatMap(({ namespace, number }) => {
      const file = onDisk.find((each) => each.namespace === namespace && each.number === number);
      return file === undefined ? [] : [{ file: file.path, line: 1 }];
    });
  }
}

/** The database is not what its migrations make of an empty one. */
export class DriftError extends MigrateError {
  override readonly name = "DriftError";
  readonly code = "MIG314";
  readonly kind = "validation";
  override readonly hint = "somebody changed it by hand: write that as a migration, or take it back";
  readonly drift: readonly Drift[];

  constructor(drift: readonly Drift[]) {
    super(
      [
        "the database is not what the migrations make:",
        ...drift.map(({ type, object }) => `  ${type}: ${object}`),
      ].join("\n"),
    );
    this.drift = drift;
  }
}

/** The migrations can't be run on an empty database: a repeatable file needs what only a later one makes, say. Production was not touched. */
export class ReplayError extends MigrateError {
  override readonly name = "ReplayError";
  readonly code = "MIG315";
  readonly kind = "validation";
  override readonly positions: readonly SourcePosition[];
  override readonly hint: string | undefined;

  constructor(cause: MigrateError) {
    super(`run on an empty database the migrations fail: ${cause.message}`, { cause });
    this.positions = cause.positions;
    this.hint =
      cause.hint ?? "a repeatable file runs at its number on an empty database: give it one above what its body needs";
  }
}
