// The door of `@plinth/migrate/testing`.
export { createMigratedDatabase, type MigratedDatabase, type MigratedDatabaseOptions } from "./migrated-database.ts";
