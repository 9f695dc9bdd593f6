import { setTimeout as sleep } from "node:timers/promises";
import type { ClientBase } from "pg";
import type { Blocker, OnMigrateEvent } from "./events.ts";
import { CancelledError, LockTimeoutError } from "./run-errors.ts";
import type { Session } from "./session.ts";

/**
 * The migration lock: an advisory lock of the database at hand. The first eight bytes of sha256("plinth_migrate"), the ledger's schema, which no
 * application's own keys will hit by accident.
 */
export const LOCK_KEY: bigint = 4_760_155_434_533_641_642n;

const POLL_MS = 250;
const TELL_AGAIN_MS = 10_000;

/**
 * Calls `attempt` until it is true, every quarter of a second. Never waits inside Postgres: whoever waits there holds a snapshot, and an index that the
 * lock's holder builds concurrently would wait for it in turn, which is a deadlock.
 *
 * @throws {LockTimeoutError} It was not true within `timeoutMs`.
 * @throws {CancelledError} The signal was aborted.
 */
export async function poll(
  client: ClientBase,
  attempt: () => Promise<boolean>,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined; readonly onEvent: OnMigrateEvent },
): Promise<number> {
  const begin = performance.now();
  let told: { pid: number | undefined; at: number } | undefined;
  for (;;) {
    if (options.signal?.aborted) throw new CancelledError("failed", { cause: options.signal.reason });
    if (await attempt()) return performance.now() - begin;
    const waitedMs = performance.now() - begin;
    const holder = await readLockHolder(client);
    if (waitedMs >= options.timeoutMs) throw new LockTimeoutError(waitedMs, holder);
    if (told === undefined || told.pid !== holder?.pid || waitedMs - told.at >= TELL_AGAIN_MS) {
      told = { pid: holder?.pid, at: waitedMs };
      options.onEvent({ type: "waiting", waitedMs: Math.round(waitedMs), holder });
    }
    // Spread, so that fifty pods that started together don't ask together.
    const pauseMs = Math.min(POLL_MS * (0.5 + Math.random()), Math.max(options.timeoutMs - waitedMs, 0));
    await sleep(pauseMs, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(() => {});
  }
}

/**
 * Takes the lock for the session, before the ledger is made or read, and gives what gives it back. Behind a pooler there is nothing to take: a session
 * lock would lie in whichever server session happened to run the statement, and each transaction takes its own.
 *
 * @throws {LockTimeoutError} Others held it for `lockTimeoutMs`.
 */
export async function lockSession(
  session: Session,
  options: {
    readonly lockTimeoutMs: number;
    readonly signal: AbortSignal | undefined;
    readonly onEvent: OnMigrateEvent;
  },
): Promise<() => Promise<void>> {
  if (session.pooled) return async () => {};
  const { client } = session;
  const attempt = async () => {
    const { rows } = await client.query<{ locked: boolean }>(
      `select pg_catalog.pg_try_advisory_lock(${LOCK_KEY}) as locked`,
    );
    return rows[0]?.locked === true;
  };
  const waitedMs = await poll(client, attempt, { ...options, timeoutMs: options.lockTimeoutMs });
  options.onEvent({ type: "locked", waitedMs: Math.round(waitedMs) });
  return async () => {
    // A lock that can't be given back goes with its session; what failed before is what the caller should hear.
    await client.query(`select pg_catalog.pg_advisory_unlock(${LOCK_KEY})`).catch(() => {});
  };
}

/** The columns of a {@link Blocker} over pg_stat_activity as `a`. */
const blockerColumns = `
  a.pid,
  coalesce(a.application_name, '') as application_name,
  pg_catalog.host(a.client_addr) as client_host,
  a.usename::text as user_name,
  a.state,
  pg_catalog.left(coalesce(pg_catalog.substring(a.query, '^/[*] (\\S+ \\S+[.]sql) [*]/'), a.query), 200) as query,
  (extract(epoch from pg_catalog.clock_timestamp() - case when a.state = 'active' then a.query_start else a.state_change end) * 1000)::float8
    as age_ms`;

/** Who holds the migration lock of this database. Takes no lock. */
export async function readLockHolder(client: ClientBase): Promise<Blocker | undefined> {
  const { rows } = await client.query<BlockerRow>(`
    select ${blockerColumns}
    from pg_catalog.pg_locks l
    join pg_catalog.pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory'
      and l.granted
      and l.objsubid = 1
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
      and (l.classid::bigint << 32) | l.objid::bigint = ${LOCK_KEY}
    order by l.pid
    limit 1`);
  return rows[0] === undefined ? undefined : toBlocker(rows[0]);
}

/** Who stands in the way of server process `pid`, if it waits for a lock. Takes no lock. */
export async function readBlockers(client: ClientBase, pid: number): Promise<Blocker[]> {
  const { rows } = await client.query<BlockerRow>(`
    select ${blockerColumns}
    from pg_catalog.pg_stat_activity a
    where a.pid = any (pg_catalog.pg_blocking_pids(${pid}))
    order by a.pid
    limit 20`);
  return rows.map(toBlocker);
}

/** What Postgres shows in place of a statement to who may not see it. */
const HIDDEN = "<insufficient privilege>";

interface BlockerRow {
  readonly pid: number;
  readonly application_name: string;
  readonly client_host: string | null;
  readonly user_name: string | null;
  readonly state: string | null;
  readonly query: string | null;
  readonly age_ms: number | null;
}

function toBlocker(row: BlockerRow): Blocker {
  return {
    pid: row.pid,
    applicationName: row.application_name,
    clientHost: row.client_host ?? undefined,
    user: row.user_name ?? undefined,
    state: row.state ?? undefined,
    query: row.query === HIDDEN ? undefined : (row.query ?? undefined),
    hidden: row.query === HIDDEN,
    ageMs: row.age_ms === null ? undefined : Math.max(0, Math.round(row.age_ms)),
  };
}
