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
export { type PgBouncer, type PgBouncerOptions, pgBouncerInstalled, startPgBouncer } from "./pgbouncer.ts";
export { type PostgresOptions, type PostgresServer, type StopOptions, startPostgres } from "./postgres.ts";
export { killHard, pause, resume, type Signalled } from "./process-signals.ts";
export { type ProxyOptions, startProxy, type TcpProxy } from "./proxy.ts";
export { type Replica, type ReplicaOptions, startReplica } from "./replica.ts";
export type { Prepared } from "./template.ts";
export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from "./test-database.ts";
export { type TestServer, type TestServerOptions, testServer } from "./test-server.ts";
export { spawnWorker, type WaitOptions, type Worker, type WorkerOptions } from "./worker.ts";
