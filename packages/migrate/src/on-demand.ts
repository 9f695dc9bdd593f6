// What a no-op `apply` never calls is loaded when it is first called: a door that loads everything would cost each run of each pod its cold start.

/** Checks files without a database. See `LintOptions`. */
export const lint: typeof import("./lint.ts").lint = async (...given) => (await import("./lint.ts")).lint(...given);

/** Writes typed callers, row types and schemas from a migrated scratch database. See `GenerateOptions`. */
export const generate: typeof import("./generate/generate.ts").generate = async (...given) =>
  (await import("./generate/generate.ts")).generate(...given);

/** Makes the next file of a directory. See `NewMigrationOptions`. */
export const newMigration: typeof import("./new-migration.ts").newMigration = async (...given) =>
  (await import("./new-migration.ts")).newMigration(...given);

/**
 * Holds a database against its files: edited files, files that stopped part-way, promises of procedures, grants and, with `shadow`, everything that the
 * migrations make. Writes nothing into the database.
 *
 * @throws {MigrateError} Of kind `connection`: it could not be looked at. What is wrong with it is in the result.
 */
export const verify: typeof import("./verify.ts").verify = async (...given) =>
  (await import("./verify.ts")).verify(...given);

/**
 * Writes an operator's decision about a file into the ledger, as a row of its own: nothing is removed. Runs no file. Under the lock.
 *
 * @throws {RepairError} The file is not in a state that the action is for. Nothing was written.
 */
export const repair: typeof import("./repair.ts").repair = async (...given) =>
  (await import("./repair.ts")).repair(...given);

/** Counts what is applied and what is not. Writes nothing, takes no lock. */
export const status: typeof import("./status.ts").status = async (...given) =>
  (await import("./status.ts")).status(...given);

/**
 * What `apply` would do now. Writes nothing, takes no lock, waits for nobody; works on a standby and in a database that was never migrated.
 *
 * @throws {MigrateError} Of kind `connection`.
 */
export const plan: typeof import("./plan-command.ts").plan = async (...given) =>
  (await import("./plan-command.ts")).plan(...given);
