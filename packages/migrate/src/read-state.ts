import { quoteName } from "./catalog/catalog-client.ts";
import { isDedicated, type MigrationDatabase, openConnection, type Queryable } from "./connection.ts";
import { EMPTY_LEDGER, type LedgerState, readLedger, toState } from "./ledger.ts";
import { sessionFailure } from "./session.ts";

// Not to_regclass, which fails for a role without USAGE on the schema. Takes no lock.
const THERE = `
select exists (
  select
  from pg_catalog.pg_namespace n
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = 'fence'
  where n.nspname = 'plinth_migrate'
) as there`;

/** Reads the ledger for what only reads: writes nothing, takes no lock, and finds an empty ledger where there is none. Works on a standby. */
export async function readState(db: MigrationDatabase, ownerRole: string | undefined): Promise<LedgerState> {
  if (!isDedicated(db)) return readAsCaller(db);
  const connection = await openConnection(db);
  try {
    const { rows } = await connection.client.query<{ there: boolean }>(THERE);
    if (!rows[0]?.there) return EMPTY_LEDGER;
    return await readLedger(
      connection.client,
      ownerRole === undefined ? "" : `set local role ${quoteName(ownerRole)}; `,
    );
  } catch (error) {
    // An open transaction that failed would go back to the caller's pool with the client.
    await connection.client.query("rollback").catch(() => {});
    throw sessionFailure(error);
  } finally {
    await connection.release(false);
  }
}

async function readAsCaller(db: Queryable): Promise<LedgerState> {
  const { rows } = await db.query(THERE);
  if (!(rows[0] as { there: boolean }).there) return EMPTY_LEDGER;
  const answer = await db.query("select plinth_migrate.read_state() as state");
  return toState((answer.rows[0] as { state: Parameters<typeof toState>[0] }).state);
}
