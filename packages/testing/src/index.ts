export {
  FolderError,
  OptionError,
  PgBouncerMissingError,
  PostgresUnavailableError,
  ServerAccountError,
  ServerStartError,
  TestingError,
  TestServerPrivilegeError,
  TimeoutError,
  WorkerExitError,
} from "./errors.ts";
export { type PostgresOptions, PostgresServer, type StopOptions, startPostgres } from "./postgres.ts";
export type { Prepared } from "./template.ts";
export { createTestDatabase, TestDatabase, type TestDatabaseOptions } from "./test-database.ts";
export { type TestServer, type TestServerOptions, testServer } from "./test-server.ts";
