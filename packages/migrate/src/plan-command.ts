import { knownKeys } from "@plinth/db-core/errors";
import type { Access } from "./access.ts";
import { accessOf } from "./apply.ts";
import type { MigrationDatabase } from "./connection.ts";
import type { Migrations } from "./migrations.ts";
import { comparePlan, type Plan } from "./plan.ts";
import { readState } from "./read-state.ts";

/** How the ledger is read. */
export interface ReadOptions {
  /**
   * Whose role reads the ledger. `null`: the one that logged in, whatever file there is.
   *
   * @defaultValue the access.json beside the package.json of the migrations' root, if there is one
   */
  readonly access?: Access | null | undefined;
}

/**
 * What `apply` would do now. Writes nothing, takes no lock, waits for nobody; works on a standby and in a database that was never migrated.
 *
 * Where nothing is pending, what is granted is compared too, and a difference is a warning; so are missing roles.
 *
 * @throws {AccessFileError} access.json can't be used, or names a package that is not in the graph.
 * @throws {MigrateError} Of kind `connection`: among them a {@link PrivilegeError} that lists all that is missing to read the ledger.
 */
export async function plan(db: MigrationDatabase, migrations: Migrations, options: ReadOptions = {}): Promise<Plan> {
  knownKeys(options, ["access"]);
  const access = await accessOf(migrations, options.access);
  const state = await readState(db, migrations, access);
  const { pending, edited, warnings } = comparePlan(migrations, state.ledger);
  return { pending, edited, warnings: [...warnings, ...state.warnings] };
}
