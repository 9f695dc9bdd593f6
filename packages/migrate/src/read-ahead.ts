import type { MigrationFile } from "./migrations.ts";
import { readMigration } from "./read-migration.ts";
import { refuseUnrunnable } from "./refuse-unrunnable.ts";

/** A file that is about to run. */
export interface ReadFile {
  readonly file: MigrationFile;
  readonly text: string;
}

const AHEAD_FILES = 4;
const AHEAD_BYTES_MAX = 1 << 20;

/** The files' texts in order, the next few small ones read while the server works on the one at hand. */
export async function* readAhead(files: readonly MigrationFile[]): AsyncGenerator<ReadFile> {
  const reading: Promise<ReadFile>[] = [];
  let next = 0;
  while (next < files.length || reading.length > 0) {
    while (next < files.length && reading.length < AHEAD_FILES && mayStart(files[next]!, reading.length)) {
      const started = readRunnable(files[next++]!);
      // It fails where it is awaited; until then, and when nobody will, that is nobody's error.
      started.catch(() => {});
      reading.push(started);
    }
    yield await reading.shift()!;
  }
}

function mayStart(file: MigrationFile, alreadyReading: number): boolean {
  return alreadyReading === 0 || file.sizeBytes <= AHEAD_BYTES_MAX;
}

/** @throws {MigrateError} The file changed since it was loaded, or holds what can't run. */
export async function readRunnable(file: MigrationFile): Promise<ReadFile> {
  const text = await readMigration(file);
  refuseUnrunnable(file, text);
  return { file, text };
}
