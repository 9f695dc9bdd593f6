import { MigrateError } from "./migrate-error.ts";

/** There is no connection to the database, or it was lost. What was not committed is not there. */
export class ConnectionError extends MigrateError {
  override readonly name = "ConnectionError";
  readonly code = "MIG601";
  readonly kind = "connection";
  override readonly retryable = true;
  override readonly hint: string | undefined;
  /** What the server said, if it was a server. */
  readonly sqlstate: string | undefined;

  constructor(message: string, options?: { cause?: unknown; hint?: string; sqlstate?: string }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options?.hint;
    this.sqlstate = options?.sqlstate;
  }
}

/** The server takes no writes: it is a standby, or the session is read-only. Nothing was written. */
export class NotPrimaryError extends MigrateError {
  override readonly name = "NotPrimaryError";
  readonly code = "MIG602";
  readonly kind = "connection";
  override readonly hint = "give the primary's URL, and a role without default_transaction_read_only";
}

/** The run needs a connection that is one server session from begin to end. Nothing of it was run. */
export class DirectConnectionError extends MigrateError {
  override readonly name = "DirectConnectionError";
  readonly code = "MIG603";
  readonly kind = "connection";
  override readonly hint = "give a connection string that goes to Postgres itself, not through a pooler";
}

/** The role may not do what a migration needs. Nothing was written. */
export class PrivilegeError extends MigrateError {
  override readonly name = "PrivilegeError";
  readonly code = "MIG604";
  readonly kind = "connection";
  override readonly hint: string | undefined;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** The server is older than Postgres 15. Nothing was written. */
export class ServerTooOldError extends MigrateError {
  override readonly name = "ServerTooOldError";
  readonly code = "MIG605";
  readonly kind = "connection";
  override readonly hint = "upgrade the server to Postgres 15 or later";
}

/** The client that was handed in can't be used as it stands. Nothing was run. */
export class ClientStateError extends MigrateError {
  override readonly name = "ClientStateError";
  readonly code = "MIG606";
  readonly kind = "usage";
}
