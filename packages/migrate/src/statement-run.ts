import { ATTEMPTS_MAX, isContention, rollback, waitToRetry } from "./attempts.ts";
import { clearRemains, findIndex } from "./concurrent-index.ts";
import { sqlstateOf } from "./connection.ts";
import { DirectConnectionError } from "./connection-errors.ts";
import { beginFenced } from "./fence.ts";
import { finishFile, recordStatementSql, startFile } from "./ledger.ts";
import type { MigrateError } from "./migrate-error.ts";
import type { PlannedFile } from "./plan.ts";
import { readRunnable } from "./read-ahead.ts";
import { resumeAt } from "./resume.ts";
import { CancelledError, InvalidIndexError, SqlFailureError } from "./run-errors.ts";
import type { Runner } from "./runner.ts";
import { runScript, ScriptFailure } from "./script.ts";
import { isLoss } from "./session.ts";
import { positionAt, showPosition } from "./source-position.ts";
import { sqlFailure } from "./sql-failure.ts";
import { type Statement, splitStatements } from "./statements.ts";

/** A file without a transaction, while it runs. */
interface Running {
  readonly planned: PlannedFile;
  readonly text: string;
  readonly statements: readonly Statement[];
  readonly id: bigint;
  /** Statements that are done. */
  done: number;
}

/**
 * Runs a file with `-- disable auto transaction`: statement by statement, noting each, from where an earlier run stopped.
 *
 * @throws {MigrateError} `partial` when statements of it stay. The next run goes on at the one that failed.
 */
export async function runStatements(runner: Runner, planned: PlannedFile): Promise<void> {
  const { file } = planned;
  const { client, pooled } = runner.session;
  if (pooled)
    throw new DirectConnectionError(
      `${file.path} runs without a transaction, and the connection goes through a pooler that shares server sessions between transactions`,
    );
  const { text } = await readRunnable(file);
  const statements = await split(planned, text);
  const done = await resumeAt(client, planned, text, statements);

  const running = { planned, text, statements, done, id: await start(runner, planned, statements, done) };
  await client.query(runner.session.prelude("session"));
  for (const statement of statements.slice(0, done)) if (statement.setsSession) await client.query(statement.text);
  try {
    while (running.done < statements.length) await runNext(runner, running);
  } catch (error) {
    throw await fail(runner, running, error);
  }
  await client.query(runner.session.prelude("session"));
  runner.generation = await finishFile(client, running.id, "applied", null);
}

async function split(planned: PlannedFile, text: string): Promise<Statement[]> {
  try {
    return await splitStatements(text);
  } catch (error) {
    const details = (error as { sqlDetails?: { cursorPosition?: number } }).sqlDetails;
    if (details === undefined) throw error;
    const offset = [...text].slice(0, details.cursorPosition ?? 0).join("").length;
    const position = positionAt(planned.file.path, text, offset);
    throw new SqlFailureError(`${showPosition(position)} 42601 ${(error as Error).message}`, {
      kind: "failed",
      positions: [position],
      hint: undefined,
      sqlstate: "42601",
      detail: undefined,
      cause: error,
    });
  }
}

async function start(
  runner: Runner,
  planned: PlannedFile,
  statements: readonly Statement[],
  statementsDone: number,
): Promise<bigint> {
  const { client } = runner.session;
  await beginFenced(runner);
  try {
    const statementHashes = statements.map((statement) => statement.hash);
    const id = await startFile(client, runner.run, planned.file, { statementsDone, statementHashes });
    await client.query("commit");
    runner.generation++;
    return id;
  } catch (error) {
    await rollback(runner);
    throw error;
  }
}

async function runNext(runner: Runner, running: Running): Promise<void> {
  const { planned, statements } = running;
  const statement = statements[running.done]!;
  const { client, pid } = runner.session;
  // What an attempt of an earlier run left, or one of this run.
  let tried = planned.reason === "resume";
  for (let attempt = 1; ; attempt++) {
    if (runner.signal?.aborted) throw new CancelledError("failed", { cause: runner.signal.reason });
    if (tried && statement.concurrentIndex !== undefined && (await clearRemains(client, statement.concurrentIndex)))
      break;
    tried = true;
    tellStatement(runner, running, statement);
    try {
      await runner.monitor.during(pid, () => runOne(runner, running, statement));
      break;
    } catch (error) {
      await rollback(runner);
      const cause = error instanceof ScriptFailure ? error.cause : error;
      if (runner.signal?.aborted || attempt > ATTEMPTS_MAX || !isContention(cause)) throw error;
      await waitToRetry(runner, planned.file, attempt, cause);
    }
  }
  await checkIndex(runner, running, statement);
  if (!statement.atomic) await note(runner, running);
  running.done++;
}

async function runOne(runner: Runner, running: Running, statement: Statement): Promise<void> {
  const { client, actAsOwner } = runner.session;
  const noted = `${actAsOwner}${recordStatementSql(running.id, running.done + 1)}`;
  if (statement.atomic) {
    await runScript(client, `begin;${statement.text}\n;${noted};commit`);
    return;
  }
  if (!statement.concurrent) {
    await runScript(client, statement.text);
    return;
  }
  // It waits for every older transaction, as long as they last: cut short it would leave an index that is not valid.
  const { rows } = await client.query<{ lock_timeout: string }>(
    "select pg_catalog.current_setting('lock_timeout') as lock_timeout",
  );
  await client.query("set lock_timeout to 0");
  await runScript(client, statement.text);
  await client.query("select pg_catalog.set_config('lock_timeout', $1, false)", [rows[0]?.lock_timeout]);
}

/** Notes a statement that could not share its transaction with the note. */
async function note(runner: Runner, running: Running): Promise<void> {
  await runScript(
    runner.session.client,
    `begin;${runner.session.actAsOwner}${recordStatementSql(running.id, running.done + 1)};commit`,
  );
}

/** `if not exists` takes an index for done that is there and not valid. */
async function checkIndex(runner: Runner, running: Running, statement: Statement): Promise<void> {
  if (statement.concurrentIndex === undefined) return;
  const found = await findIndex(runner.session.client, statement.concurrentIndex);
  if (found === undefined || found.valid) return;
  throw new InvalidIndexError(found.name, positionAt(running.planned.file.path, running.text, statement.offset));
}

/** Writes the failure down, if there is still a connection to do it, and gives the error to throw. */
async function fail(runner: Runner, running: Running, error: unknown): Promise<unknown> {
  const cause = error instanceof ScriptFailure ? error.cause : error;
  const explained = explain(runner, running, cause);
  if (error instanceof ScriptFailure && isLoss(sqlstateOf(cause))) return explained;
  const { client } = runner.session;
  const record = { message: explained.message.slice(0, 4_000), sqlstate: sqlstateOf(cause) ?? null };
  try {
    await client.query(runner.session.prelude("session"));
    runner.generation = await finishFile(client, running.id, "failed", record);
  } catch {
    // The row says "running": the next run treats it as interrupted. What failed first is what to tell.
  }
  return explained;
}

function explain(runner: Runner, running: Running, cause: unknown): MigrateError | Error {
  const statement = running.statements[running.done]!;
  // A unique index that could not be built stays behind, not valid, until the next run removes it.
  const kind = running.done > 0 || statement.concurrentIndex !== undefined ? "partial" : "failed";
  if (runner.signal?.aborted) return new CancelledError(kind, { cause: runner.signal.reason });
  if (cause instanceof InvalidIndexError || sqlstateOf(cause) === undefined) return cause as Error;
  const sentBefore = statement.atomic ? "begin;".length : 0;
  return sqlFailure(atFile(cause as Error, statement, running.text, sentBefore), {
    file: running.planned.file,
    text: running.text,
    sentBefore: 0,
    completed: running.done,
    kind,
    blockers: runner.monitor.blockers,
  });
}

/** The server counts from where the message began; a reader from where the file does. */
function atFile(cause: Error, statement: Statement, text: string, sentBefore: number): Error {
  const position = Number((cause as { position?: string }).position);
  if (!Number.isInteger(position)) return cause;
  const before = [...text.slice(0, statement.offset)].length;
  return Object.assign(Object.create(cause) as Error & { position: string }, {
    position: String(position - sentBefore + before),
  });
}

function tellStatement(runner: Runner, running: Running, statement: Statement): void {
  const { planned, text, statements, done } = running;
  runner.onEvent({
    type: "statement",
    file: planned.file,
    statement: done + 1,
    statements: statements.length,
    line: positionAt(planned.file.path, text, statement.offset).line,
  });
}
