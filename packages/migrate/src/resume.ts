import type { ClientBase } from "pg";
import { clearRemains } from "./concurrent-index.ts";
import type { MigrationFile } from "./migrations.ts";
import type { PlannedFile } from "./plan.ts";
import { InterruptedFileError } from "./run-errors.ts";
import { positionAt } from "./source-position.ts";
import type { Statement } from "./statements.ts";

/**
 * How many statements of a file need not run: those that an earlier run did.
 *
 * @throws {InterruptedFileError} What was done is not what the file says now, or it can't be known whether a statement was done.
 */
export async function resumeAt(
  client: ClientBase,
  planned: PlannedFile,
  text: string,
  statements: readonly Statement[],
): Promise<number> {
  const { file, progress } = planned;
  if (progress === undefined) return 0;
  const done = progress.statementsDone;
  const same = progress.statementHashes.slice(0, done).every((hash, index) => statements[index]?.hash === hash);
  if (!same || done > statements.length) {
    // A repeatable file is written to be run again from its start.
    if (file.repeatable) return 0;
    throw changedBefore(file, text, statements, progress.statementHashes, done);
  }
  // Beyond the last statement only the file's end was not written down.
  if (!planned.interrupted || done === progress.statementHashes.length) return done;
  return await afterInterruption(client, file, text, statements, progress.statementHashes, done);
}

/** The earlier run ended without a word: killed, or cut off. The statement after those done may have been applied. */
async function afterInterruption(
  client: ClientBase,
  file: MigrationFile,
  text: string,
  statements: readonly Statement[],
  hashesBefore: readonly string[],
  done: number,
): Promise<number> {
  const statement = statements[done];
  if (statement !== undefined && statement.hash === hashesBefore[done]) {
    // Applied and noted in one transaction: it is not noted, so it was not applied.
    if (statement.atomic || statement.repeatable) return done;
    if (statement.concurrentIndex !== undefined)
      return (await clearRemains(client, statement.concurrentIndex)) ? done + 1 : done;
  }
  if (file.repeatable) return 0;
  throw new InterruptedFileError(
    "MIG304",
    file,
    `statement ${done + 1} of ${hashesBefore.length} of ${file.namespace} ${file.fileName} may have been applied: an earlier run ended while it ran`,
    positionAt(file.path, text, statement?.offset ?? text.length),
  );
}

function changedBefore(
  file: MigrationFile,
  text: string,
  statements: readonly Statement[],
  hashesBefore: readonly string[],
  done: number,
): InterruptedFileError {
  const first = hashesBefore.findIndex((hash, index) => statements[index]?.hash !== hash);
  return new InterruptedFileError(
    "MIG305",
    file,
    `${file.namespace} ${file.fileName} was applied up to statement ${done}, and statement ${first + 1} is not what was applied then`,
    positionAt(file.path, text, statements[first]?.offset ?? text.length),
  );
}
