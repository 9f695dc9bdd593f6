import type { ClientBase } from "pg";
import type { Access } from "./access.ts";
import { rolesOf } from "./access.ts";
import { AccessFileError, GrantsError, RolesMissingError } from "./access-error.ts";
import { quoteName } from "./catalog/catalog-client.ts";
import { isDedicated, type MigrationDatabase, openConnection, type Queryable } from "./connection.ts";
import { EMPTY_LEDGER, type LedgerState, readLedger, toState } from "./ledger.ts";
import type { Migrations } from "./migrations.ts";
import { mayActAsOwner, missingRights, type RightsFound, rightsSql } from "./missing-rights.ts";
import { comparePlan } from "./plan.ts";
import { sessionFailure } from "./session.ts";

// Not to_regclass, which fails for a role without USAGE on the schema. Takes no lock.
const THERE = `
select exists (
  select
  from pg_catalog.pg_namespace n
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = 'fence'
  where n.nspname = 'plinth_migrate'
) as there`;

/** What can be known of a database without writing. */
export interface DatabaseState {
  readonly ledger: LedgerState;
  /** What stands between the files being applied and the services being able to work: missing roles and rights, grants that are not set. */
  readonly warnings: readonly string[];
}

/**
 * Reads the ledger and looks at roles and grants, for what only reads: writes nothing, takes no lock, and finds an empty ledger where there is none.
 * Works on a standby. Anything that can only be asked tells the ledger alone.
 *
 * `needed` is `all` for who looks at procedures and grants itself.
 *
 * @throws {PrivilegeError} The ledger belongs to a role that the one at hand may not act as. All that is missing is listed.
 */
export async function readState(
  db: MigrationDatabase,
  migrations: Migrations,
  access: Access | undefined,
  needed: "ledger" | "all" = "ledger",
): Promise<DatabaseState> {
  if (!isDedicated(db)) return { ledger: await readAsCaller(db), warnings: [] };
  const connection = await openConnection(db);
  try {
    return await readWith(connection.client, migrations, access, needed);
  } catch (error) {
    // An open transaction that failed would go back to the caller's pool with the client.
    await connection.client.query("rollback").catch(() => {});
    throw sessionFailure(error);
  } finally {
    await connection.release(false);
  }
}

async function readWith(
  client: ClientBase,
  migrations: Migrations,
  access: Access | undefined,
  needed: "ledger" | "all",
): Promise<DatabaseState> {
  const roles = rolesOf(access);
  const { rows } = await client.query<RightsFound>(rightsSql(roles));
  const found = rows[0]!;
  const missing = missingRights(found, roles.ownerRole);
  const warnings = missing === undefined ? [] : [`apply will refuse: ${missing.message}; ${missing.hint}`];
  // To read what the owner has, one has to be able to act as it.
  if (
    missing !== undefined &&
    !mayActAsOwner(found, roles.ownerRole) &&
    (needed === "all" || found.ledger_owner !== null)
  )
    throw missing;
  if (found.ledger_owner === null) return { ledger: EMPTY_LEDGER, warnings };
  const role = roles.ownerRole === undefined ? "" : `set local role ${quoteName(roles.ownerRole)}; `;
  const ledger = await readLedger(client, role);
  const { pending, ahead } = comparePlan(migrations, ledger);
  // An older checkout's access.json says nothing about this database.
  if (ahead.size > 0) return { ledger, warnings: [] };
  if (needed === "all") return { ledger, warnings: [] };
  if (access === undefined || missing !== undefined || pending.length > 0) return { ledger, warnings };
  return { ledger, warnings: await grantWarnings(client, migrations, access) };
}

/** All files may be applied, and the services have no rights all the same: access.json has changed, or the last run ended between the two. */
async function grantWarnings(client: ClientBase, migrations: Migrations, access: Access): Promise<readonly string[]> {
  const { checkGrants } = await import("./grants.ts");
  try {
    await checkGrants(client, migrations, access);
    return [];
  } catch (error) {
    if (error instanceof GrantsError) return [differing(error.differences.length)];
    if (error instanceof AccessFileError || error instanceof RolesMissingError)
      return [`grants are not as access.json says: ${error.message}`];
    throw error;
  }
}

function differing(count: number): string {
  const [places, it] = count === 1 ? ["1 place", "it"] : [`${count} places`, "them"];
  return `what is granted is not what access.json says, in ${places}: apply puts ${it} right, and verify lists ${it}`;
}

async function readAsCaller(db: Queryable): Promise<LedgerState> {
  const { rows } = await db.query(THERE);
  if (!(rows[0] as { there: boolean }).there) return EMPTY_LEDGER;
  const answer = await db.query("select plinth_migrate.read_state() as state");
  return toState((answer.rows[0] as { state: Parameters<typeof toState>[0] }).state);
}
