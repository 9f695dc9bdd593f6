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

/** Roles are not there, or may not do what a migration needs. All that is missing is said at once. Nothing was written. */
export class PrivilegeError extends MigrateError {
  override readonly name = "PrivilegeError";
  readonly code = "MIG604";
  readonly kind = "connection";
  override readonly hint: string;
  /** What mends it, in the order in which a superuser runs it; none where only the server knows what was refused. */
  readonly statements: readonly string[];

  /** `found` is one sentence or several, `mends` the statements that help, or advice where none is known. */
  constructor(found: string | readonly string[], mends: string | readonly string[], options?: ErrorOptions) {
    super(typeof found === "string" ? found : found.join("; "), options);
    this.statements = typeof mends === "string" ? [] : mends;
    this.hint = typeof mends === "string" ? mends : hintOf(mends);
  }
}

function hintOf(statements: readonly string[]): string {
  const passwords = statements.some((each) => each.endsWith(" login;")) ? ", with passwords as you keep them" : "";
  return `run as a superuser${passwords}:\n${statements.map((each) => `  ${each}`).join("\n")}`;
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
