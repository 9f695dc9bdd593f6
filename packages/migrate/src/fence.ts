import { LOCK_KEY, poll } from "./advisory-lock.ts";
import { LedgerMovedError } from "./run-errors.ts";
import type { Runner } from "./runner.ts";

/** A transaction that holds the fence: until it ends nobody else changes the ledger. */
export interface FencedTransaction {
  readonly pid: number;
  readonly transactionId: string;
}

/**
 * Begins a transaction in which the ledger is what `runner.generation` says, and stays so. Behind a pooler this is the whole lock; elsewhere it holds
 * even where the session's lock was lost.
 *
 * @throws {LedgerMovedError} Somebody changed it. No transaction is open.
 * @throws {LockTimeoutError} Somebody held it for `lockTimeoutMs`. No transaction is open.
 */
export async function beginFenced(runner: Runner): Promise<FencedTransaction> {
  let held: FencedTransaction | undefined;
  await poll(
    runner.session.client,
    async () => {
      held = await tryBegin(runner);
      return held !== undefined;
    },
    runner,
  );
  return held!;
}

async function tryBegin(runner: Runner): Promise<FencedTransaction | undefined> {
  const { client, pooled } = runner.session;
  const results: unknown = await client.query(
    `begin; ${pooled ? lockSql : ""}${runner.session.prelude("local")}select * from plinth_migrate.take_fence(${runner.generation})`,
  );
  const rows = (results as { rows: Record<string, unknown>[] }[]).flatMap((result) => result.rows);
  const row = rows.find((each) => "outcome" in each)!;
  const locked = rows.find((each) => "locked" in each)?.locked !== false;
  if (row.outcome === "held" && locked) return { pid: Number(row.pid), transactionId: String(row.transaction_id) };
  await client.query("rollback");
  if (row.outcome === "moved" && locked) throw new LedgerMovedError("the ledger moved on");
  return undefined;
}

/** Where no session lock can be trusted, the same key for the length of a transaction: it also keeps out who came without a pooler. */
export const lockSql: string = `select pg_catalog.pg_try_advisory_xact_lock(${LOCK_KEY}) as locked; `;
