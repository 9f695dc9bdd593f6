export { type PostgresOptions, PostgresServer, type StopOptions, startPostgres } from "./postgres.ts";
