import { randomUUID } from "node:crypto";
import { lockSession } from "./advisory-lock.ts";
import type { MigrationDatabase } from "./connection.ts";
import type { OnMigrateEvent } from "./events.ts";
import type { Run } from "./ledger.ts";
import type { MigrationFile } from "./migrations.ts";
import { Monitor } from "./monitor.ts";
import { CancelledError } from "./run-errors.ts";
import { openSession, type Session, sessionFailure } from "./session.ts";
import { toolVersion } from "./tool-version.ts";

/** What the parts of one `apply` or `repair` share. */
export interface Runner {
  readonly session: Session;
  readonly run: Run;
  readonly monitor: Monitor;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: OnMigrateEvent;
  /** How long others may hold the lock or the fence before this run gives up. */
  readonly timeoutMs: number;
  /** The ledger's generation as this run knows it: moves on with each of its own commits. */
  generation: bigint;
}

/** How a run connects, waits and tells. */
export interface RunnerOptions {
  readonly ownerRole: string | undefined;
  readonly serviceRoles: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly onEvent: OnMigrateEvent;
  readonly lockTimeoutMs: number;
  readonly statementLockTimeoutMs: number;
}

/**
 * Does `work` on a checked connection, under the migration lock; gives both back whatever happens.
 *
 * @throws {MigrateError} What `work` threw, or of kind `connection` or `lock`.
 */
export async function withRunner<Result>(
  db: MigrationDatabase,
  options: RunnerOptions,
  work: (runner: Runner) => Promise<Result>,
): Promise<Result> {
  if (options.signal?.aborted) throw new CancelledError("failed", { cause: options.signal.reason });
  const session = await openSession(db, options);
  try {
    const unlock = await lockSession(session, options);
    const runner = makeRunner(session, options);
    try {
      return await work(runner);
    } finally {
      await runner.monitor.close();
      await unlock();
    }
  } catch (error) {
    throw options.signal?.aborted && !(error instanceof CancelledError)
      ? new CancelledError(isPartial(error) ? "partial" : "failed", { cause: options.signal.reason })
      : sessionFailure(error);
  } finally {
    await session.close();
  }
}

function makeRunner(session: Session, options: RunnerOptions): Runner {
  let file: MigrationFile | undefined;
  return {
    session,
    run: { id: randomUUID(), toolVersion },
    monitor: new Monitor(session.client, {
      signal: options.signal,
      statementLockTimeoutMs: options.statementLockTimeoutMs,
      onBlocked: (by) => options.onEvent({ type: "blocked", file, by }),
    }),
    signal: options.signal,
    onEvent: (event) => {
      if (event.type === "started") file = event.file;
      options.onEvent(event);
    },
    timeoutMs: options.lockTimeoutMs,
    generation: 0n,
  };
}

function isPartial(error: unknown): boolean {
  return typeof error === "object" && error !== null && Reflect.get(error, "kind") === "partial";
}
