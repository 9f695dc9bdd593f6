import { type Client, type ClientBase, DatabaseError as ServerError } from "pg";
import type { Contract } from "./contract.ts";
import { PermissionDeniedError } from "./database-errors/permission-denied.ts";
import { SchemaTooOldError, type TooOld } from "./schema-too-old-error.ts";
import { SQLSTATE } from "./sqlstate.ts";

/** What a call ends with in a database that lacks what it names: never migrated, or not as far as the code. */
export const NOT_THERE: ReadonlySet<unknown> = new Set([
  SQLSTATE.invalidSchemaName,
  SQLSTATE.undefinedFunction,
  SQLSTATE.undefinedTable,
  SQLSTATE.undefinedColumn,
]);

/**
 * Checks that the database has, of each contract, the version that the code was built against or a later one.
 *
 * @throws {SchemaTooOldError} With all that are too old at once.
 * @throws {PermissionDeniedError} Nobody has told this database of the role.
 */
export async function checkVersions(client: ClientBase, contracts: readonly Contract[]): Promise<void> {
  if (contracts.length === 0) return;
  const versions = await readVersions(client);
  const tooOld: TooOld[] = [];
  for (const { name, version } of contracts) {
    const database = versions.get(name);
    if (database === undefined || database < version) tooOld.push({ namespace: name, database, required: version });
  }
  if (tooOld.length > 0) throw new SchemaTooOldError(tooOld);
}

async function readVersions(client: ClientBase): Promise<Map<string, number>> {
  try {
    const { rows } = await client.query<{ namespace: string; version: number }>(
      "select v.namespace, v.version from plinth_core.get_versions() as v",
    );
    return new Map(rows.map(({ namespace, version }) => [namespace, version]));
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    if (NOT_THERE.has(error.code)) return new Map();
    if (error.code !== SQLSTATE.insufficientPrivilege) throw error;
    throw new PermissionDeniedError(
      `the role ${(client as Client).user} may not ask for the versions of this database (${error.message}). ` +
        "Is it the role of a service in access.json? If so, run: plinth-migrate apply",
      error,
      { cause: error },
    );
  }
}
