import type { MigrateEvent, MigrationFile } from "@plinth/migrate";
import { counted } from "./counted.ts";
import { kindOf } from "./exit-codes.ts";
import { fileFacts } from "./file-facts.ts";

/** What of an `apply` stands, and what does not: collected from its events, so that it is known after a failure too. */
export class ApplyOutcome {
  readonly #durations = new Map<string, number>();
  readonly #kept: MigrationFile[] = [];
  readonly #warnings: string[] = [];
  readonly #grants: unknown[] = [];
  #undone: readonly MigrationFile[] = [];
  #waitedMs = 0;

  hear(event: MigrateEvent): void {
    if (event.type === "locked") this.#waitedMs = event.waitedMs;
    if (event.type === "warning") this.#warnings.push(event.message);
    if (event.type === "ran") this.#durations.set(event.file.path, event.durationMs);
    if (event.type === "granted") this.#grants.push(...event.changes);
    if (event.type === "rolled back") this.#undone = event.files;
    // What was rolled back is tried again.
    if (event.type === "retrying") this.#undone = [];
    if (event.type === "committed") this.#kept.push(...event.files);
  }

  /** How many files were committed. */
  get applied(): number {
    return this.#kept.length;
  }

  /** Lines that say where a failure leaves the database, and how to go on. */
  afterFailure(error: unknown): readonly string[] {
    const next = isSqlFailure(error) ? NEXT[kindOf(error) ?? ""] : undefined;
    return [
      ...(this.#kept.length > 0 ? [`kept: ${listed(this.#kept)}`] : []),
      ...(this.#undone.length > 0 ? [`rolled back: ${listed(this.#undone)}`] : []),
      ...(next === undefined ? [] : [next]),
    ];
  }

  facts(): Record<string, unknown> {
    return {
      lockWaitedMs: Math.round(this.#waitedMs),
      applied: this.#kept.map((file) => ({
        ...fileFacts(file),
        durationMs: Math.round(this.#durations.get(file.path) ?? 0),
      })),
      rolledBack: this.#undone.map(fileFacts),
      grants: this.#grants,
      warnings: this.#warnings,
    };
  }
}

const NEXT: Readonly<Record<string, string>> = {
  failed: "fix the file and run again; no repair is needed",
  partial: "the statements before it stay; fix the cause and run again: it goes on at the statement that failed",
};

function isSqlFailure(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "MIG301";
}

/** `@acme/queue (3 files), @acme/web (1 file)`. */
function listed(files: readonly MigrationFile[]): string {
  const counts = new Map<string, number>();
  for (const { namespace } of files) counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
  return [...counts].map(([namespace, count]) => `${namespace} (${counted(count, "file")})`).join(", ");
}
