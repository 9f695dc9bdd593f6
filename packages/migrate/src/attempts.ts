import { sqlstateOf } from "./connection.ts";
import type { MigrationFile } from "./migrations.ts";
import { pause } from "./monitor.ts";
import type { Runner } from "./runner.ts";

/** How often a batch that met a lock is run again. */
export const ATTEMPTS_MAX: number = 10;

const RETRY_MS = 100;
const RETRY_MS_MAX = 1_000;

/** Leaves no transaction open. The failure that led here is the one to tell, so that none of this throws. */
export async function rollback(runner: Runner): Promise<void> {
  const { client } = runner.session;
  // The second time for a cancellation that came late and hit the first.
  await client.query("rollback").catch(() => client.query("rollback").catch(() => {}));
}

/** Tells of it and waits: the longer, the more often it failed, and not as long as others who failed with it. */
export async function waitToRetry(
  runner: Runner,
  file: MigrationFile | undefined,
  attempt: number,
  cause: unknown,
): Promise<void> {
  const delayMs = Math.round(Math.min(RETRY_MS * 2 ** (attempt - 1), RETRY_MS_MAX) * (0.5 + Math.random()));
  runner.onEvent({
    type: "retrying",
    file,
    attempt,
    attemptsMax: ATTEMPTS_MAX,
    sqlstate: sqlstateOf(cause) ?? "",
    by: runner.monitor.blockers,
    delayMs,
  });
  await pause(delayMs, runner.signal);
}

/** A lock was not had in time, or two waited for each other: the same again may well succeed. */
export function isContention(error: unknown): boolean {
  const sqlstate = sqlstateOf(error);
  return sqlstate === "55P03" || sqlstate === "40P01";
}
