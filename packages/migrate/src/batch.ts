import { ATTEMPTS_MAX, isContention, rollback, waitToRetry } from "./attempts.ts";
import { sqlstateOf } from "./connection.ts";
import { beginFenced, type FencedTransaction } from "./fence.ts";
import { type RanFile, recordFilesSql } from "./ledger.ts";
import type { MigrationFile } from "./migrations.ts";
import { readAhead } from "./read-ahead.ts";
import { CancelledError, TransactionEndedError } from "./run-errors.ts";
import type { Runner } from "./runner.ts";
import { runScript, ScriptFailure } from "./script.ts";
import { commitFailure, sqlFailure } from "./sql-failure.ts";

/** Files of one namespace that run in one transaction. */
export interface Batch {
  readonly namespace: string;
  readonly files: readonly MigrationFile[];
  /** Before the first file, as the owner, in the transaction. */
  begin(): Promise<void>;
  /** After the last file: those that have to run again although they have not changed. Calls `checked` before it asks the server. */
  again(checked: () => Promise<void>): Promise<readonly MigrationFile[]>;
  /** After all was recorded, in the transaction: what it throws takes all of it back. `undefined`: there is nothing to do. */
  readonly finish: (() => Promise<void>) | undefined;
  started(file: MigrationFile): void;
  ran(file: MigrationFile, durationMs: number): void;
}

// A text that is copied once more to be put behind the prelude costs its size in memory.
const JOINED_LENGTH_MAX = 1 << 20;

/**
 * Runs a batch: all of it is committed, ledger rows included, or nothing is. Run again from its start when a lock was not had in time, or after a deadlock.
 *
 * @throws {MigrateError} Nothing of the batch was written, but for {@link TransactionEndedError}.
 * @throws {LedgerMovedError} The plan is out of date. Nothing was written.
 */
export async function runBatch(runner: Runner, batch: Batch): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const transaction = await beginFenced(runner);
    let ran: readonly MigrationFile[];
    try {
      ran = await runner.monitor.during(transaction.pid, () => runFiles(runner, batch, transaction));
    } catch (error) {
      await rollback(runner);
      runner.onEvent({ type: "rolled back", namespace: batch.namespace, files: batch.files });
      const failure = error instanceof FileFailure ? error : undefined;
      const cause = failure?.cause ?? error;
      if (runner.signal?.aborted) throw new CancelledError("failed", { cause: runner.signal.reason });
      if (attempt <= ATTEMPTS_MAX && isContention(cause)) {
        await waitToRetry(runner, failure?.file, attempt, cause);
        continue;
      }
      throw failure?.explain(runner) ?? error;
    }
    if (ran.length > 0) runner.onEvent({ type: "committed", namespace: batch.namespace, files: ran });
    return;
  }
}

/** A file's statement failed; the place is looked for only if nobody tries again. */
class FileFailure extends Error {
  readonly file: MigrationFile;
  override readonly cause: Error;
  readonly #text: string;
  readonly #sentBefore: string;
  readonly #completed: number;

  constructor(file: MigrationFile, text: string, sentBefore: string, completed: number, cause: Error) {
    super(cause.message);
    this.file = file;
    this.cause = cause;
    this.#text = text;
    this.#sentBefore = sentBefore;
    this.#completed = completed;
  }

  explain(runner: Runner): Error {
    return sqlFailure(this.cause, {
      file: this.file,
      text: this.#text,
      sentBefore: [...this.#sentBefore].length,
      completed: this.#completed,
      kind: "failed",
      blockers: runner.monitor.blockers,
    });
  }
}

async function runFiles(runner: Runner, batch: Batch, transaction: FencedTransaction): Promise<MigrationFile[]> {
  await batch.begin();
  const ran: RanFile[] = [];
  const run = async (files: readonly MigrationFile[]) => {
    for await (const { file, text } of readAhead(files)) {
      if (runner.signal?.aborted) throw new CancelledError("failed", { cause: runner.signal.reason });
      batch.started(file);
      const begin = performance.now();
      await runFile(runner, transaction, ran, file, text);
      const durationMs = performance.now() - begin;
      ran.push({ file, durationMs });
      batch.ran(file, durationMs);
    }
  };
  await run(batch.files);
  const again = await batch.again(() => checkTransaction(runner, transaction, ran));
  if (again.length > 0) await run(again);
  const files = ran.map(({ file }) => file);
  const { finish } = batch;
  const generation = await record(runner, transaction, ran, finish === undefined ? "; commit" : "");
  if (finish !== undefined) {
    await finish();
    await commit(runner, files);
  }
  runner.generation = generation;
  return files;
}

/** One message for each file: what resets the session, the check that the transaction is still ours, and the file. */
async function runFile(
  runner: Runner,
  transaction: FencedTransaction,
  before: readonly RanFile[],
  file: MigrationFile,
  text: string,
): Promise<void> {
  const { client, preludeStatements } = runner.session;
  // The server shows the beginning of what it runs to whoever waits for it: there the file's name says most.
  const prelude = `/* ${file.namespace.replaceAll("*", "")} ${file.fileName} */ ${preludeOf(runner, transaction)}`;
  const joined = text.length <= JOINED_LENGTH_MAX;
  if (!joined) await checkTransaction(runner, transaction, before);
  const sentBefore = joined ? prelude : "";
  try {
    await runScript(client, sentBefore + text);
  } catch (error) {
    if (!(error instanceof ScriptFailure)) throw error;
    if (isEnded(error.cause)) throw endedBy(before, error);
    const completed = error.completed - (joined ? preludeStatements + 1 : 0);
    throw new FileFailure(file, text, sentBefore, Math.max(completed, 0), error.cause);
  }
}

/** Resets the session, and makes sure that none of the files ended the transaction. */
async function checkTransaction(
  runner: Runner,
  transaction: FencedTransaction,
  ran: readonly RanFile[],
): Promise<void> {
  try {
    await runScript(runner.session.client, preludeOf(runner, transaction));
  } catch (error) {
    if (!(error instanceof ScriptFailure)) throw error;
    throw isEnded(error.cause) ? endedBy(ran, error) : error.cause;
  }
}

/** Resets the session, makes sure that the transaction is still ours, writes the ledger, and may end with COMMIT: one round trip. */
async function record(
  runner: Runner,
  transaction: FencedTransaction,
  ran: readonly RanFile[],
  end: "" | "; commit",
): Promise<bigint> {
  try {
    const results: unknown = await runner.session.client.query(
      preludeOf(runner, transaction) + recordFilesSql(runner.run, ran) + end,
    );
    const rows = (results as { rows: { generation?: string }[] }[]).flatMap((result) => result.rows);
    return BigInt(rows.find((row) => row.generation !== undefined)!.generation!);
  } catch (error) {
    if (isEnded(error)) throw endedBy(ran, error as Error);
    throw end === ""
      ? error
      : explainCommit(
          error,
          ran.map(({ file }) => file),
        );
  }
}

function preludeOf(runner: Runner, transaction: FencedTransaction): string {
  return `${runner.session.prelude("local")}select plinth_migrate.check_transaction('${transaction.transactionId}');\n`;
}

function endedBy(ran: readonly RanFile[], cause: Error): TransactionEndedError {
  return new TransactionEndedError(
    ran.map(({ file }) => file),
    { cause },
  );
}

async function commit(runner: Runner, files: readonly MigrationFile[]): Promise<void> {
  try {
    await runner.session.client.query("commit");
  } catch (error) {
    throw explainCommit(error, files);
  }
}

/** What fails only now was put off by a file: a deferred constraint. */
function explainCommit(error: unknown, files: readonly MigrationFile[]): unknown {
  if (isContention(error) || sqlstateOf(error) === undefined || files.length === 0) return error;
  return commitFailure(error, files);
}

function isEnded(error: unknown): boolean {
  return sqlstateOf(error) === "PMTXE";
}
