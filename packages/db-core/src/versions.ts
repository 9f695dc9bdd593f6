import type { ClientBase } from "pg";
import type { Contract } from "./contract.ts";
import { SchemaTooOldError, type TooOld } from "./schema-too-old-error.ts";
import { SQLSTATE } from "./sqlstate.ts";

/** In a database that was never migrated, one of these is what asking for its versions ends with. */
const NEVER_MIGRATED: ReadonlySet<unknown> = new Set([
  SQLSTATE.invalidSchemaName,
  SQLSTATE.undefinedFunction,
  SQLSTATE.undefinedTable,
]);

/**
 * Checks that the database has, of each contract, the version that the code was built against or a later one.
 *
 * @throws {SchemaTooOldError} With all that are too old at once.
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
    if (NEVER_MIGRATED.has((error as { readonly code?: unknown }).code)) return new Map();
    throw error;
  }
}
