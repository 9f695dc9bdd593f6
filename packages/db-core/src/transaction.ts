import { setTimeout as sleep } from "node:timers/promises";
import type { Connections, Session } from "./connections.ts";
import { ConnectionLostError } from "./database-errors/connection-lost.ts";
import { DeadlockError } from "./database-errors/deadlock.ts";
import { SerializationError } from "./database-errors/serialization.ts";
import type { Report } from "./events.ts";
import { TransactionAbortedError, TransactionEndedError } from "./transaction-errors.ts";
import { TransactionLevel } from "./transaction-level.ts";
import { beginText, type TransactionSettings } from "./transaction-options.ts";
import { insideTransaction } from "./transaction-scope.ts";

/** Upper bounds of the wait before the callback is run again: two transactions that met would otherwise meet again. */
const RETRY_FIRST_MS = 5;
const RETRY_MAX_MS = 500;

/** What running a transaction needs of its database. */
export interface TransactionHost {
  /** What {@link insideTransaction} knows the database by. */
  readonly owner: object;
  readonly connections: Pick<Connections, "acquire" | "localSettings">;
  readonly report: Report;
}

/** What runs in a transaction: it makes its calls on the session, through the level. */
export type TransactionBody<Result> = (level: TransactionLevel, session: Session) => Promise<Result>;

/** Runs `body` in a transaction, again after a conflict if `retries` allows it, and its `afterCommit` callbacks once it is committed. */
export async function runTransaction<Result>(
  host: TransactionHost,
  settings: TransactionSettings,
  body: TransactionBody<Result>,
): Promise<Result> {
  for (let attempt = 0; ; attempt += 1) {
    const session = await host.connections.acquire();
    const level = new TransactionLevel(session);
    try {
      const result = await runOnce(host, settings, session, level, body);
      await runAfterCommit(level, host.report);
      return result;
    } catch (error) {
      if (attempt >= settings.retries || !isConflict(error, level)) throw error;
    }
    await sleep(Math.random() * Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(attempt, 10)));
  }
}

/** Begin, body, commit; or rollback. The connection is given back in every case. */
async function runOnce<Result>(
  { owner, connections }: TransactionHost,
  settings: TransactionSettings,
  session: Session,
  level: TransactionLevel,
  body: TransactionBody<Result>,
): Promise<Result> {
  let broken: Error | undefined;
  try {
    await session.command(beginText(settings, connections.localSettings));
    const run = (): Promise<Result> => body(level, session);
    const result = await (settings.allowDatabaseCalls ? run() : insideTransaction(owner, run));
    await level.finish();
    await commit(session, level);
    return result;
  } catch (error) {
    await level.abandon();
    broken = await rollback(session);
    throw error;
  } finally {
    level.end();
    session.release(broken);
  }
}

/** COMMIT. Succeeds only if the server says that it did. */
async function commit(session: Session, level: TransactionLevel): Promise<void> {
  let tag: string;
  try {
    tag = await session.command("commit");
  } catch (error) {
    if (error instanceof ConnectionLostError)
      throw new ConnectionLostError("unknown", "the connection was lost at COMMIT", { cause: error });
    throw error;
  }
  // To a COMMIT of a transaction it has given up, the server answers ROLLBACK, and no error.
  if (tag !== "COMMIT") throw new TransactionAbortedError("the transaction could not be committed", level.failure);
}

/** Gives the error that makes the connection unfit for anybody else, if there is one. */
async function rollback(session: Session): Promise<Error | undefined> {
  try {
    await session.command("rollback");
  } catch (error) {
    return error as Error;
  }
  return session.outsideTransaction() ? undefined : new TransactionEndedError("rollback", "it was not rolled back");
}

/** The callbacks in order, each after the one before it has ended. The transaction is committed whatever they do. */
async function runAfterCommit(level: TransactionLevel, report: Report): Promise<void> {
  for (const callback of level.afterCommitCallbacks) {
    try {
      await callback();
    } catch (error) {
      report({ type: "callback-failed", callback: "afterCommit", error });
    }
  }
}

/** A serialization failure or a deadlock, wherever in the callback it was caught and whatever was thrown instead. */
function isConflict(error: unknown, { failure }: TransactionLevel): boolean {
  return [error, failure].some((each) => each instanceof SerializationError || each instanceof DeadlockError);
}
