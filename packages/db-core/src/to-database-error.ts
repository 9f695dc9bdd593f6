import { DatabaseError as ServerError } from "pg";
import { DatabaseError, type ServerFields } from "./database-error.ts";
import { AuthenticationError } from "./database-errors/authentication.ts";
import { CheckViolationError } from "./database-errors/check-violation.ts";
import { ConnectionLostError, type Outcome } from "./database-errors/connection-lost.ts";
import { DatabaseMissingError } from "./database-errors/database-missing.ts";
import { DeadlockError } from "./database-errors/deadlock.ts";
import { ForeignKeyViolationError } from "./database-errors/foreign-key-violation.ts";
import { LockTimeoutError } from "./database-errors/lock-timeout.ts";
import { NotNullViolationError } from "./database-errors/not-null-violation.ts";
import { PermissionDeniedError } from "./database-errors/permission-denied.ts";
import { ReadOnlyError } from "./database-errors/read-only.ts";
import { SerializationError } from "./database-errors/serialization.ts";
import { ServerUnreachableError } from "./database-errors/server-unreachable.ts";
import { StatementTimeoutError } from "./database-errors/statement-timeout.ts";
import { TooManyConnectionsError } from "./database-errors/too-many-connections.ts";
import { UniqueViolationError } from "./database-errors/unique-violation.ts";
import { PlinthError } from "./plinth-error.ts";
import { SQLSTATE } from "./sqlstate.ts";

type DatabaseErrorClass = new (message: string, fields?: ServerFields, options?: ErrorOptions) => DatabaseError;

const CLASSES: Readonly<Record<string, DatabaseErrorClass>> = {
  [SQLSTATE.uniqueViolation]: UniqueViolationError,
  [SQLSTATE.exclusionViolation]: UniqueViolationError,
  [SQLSTATE.foreignKeyViolation]: ForeignKeyViolationError,
  [SQLSTATE.restrictViolation]: ForeignKeyViolationError,
  [SQLSTATE.checkViolation]: CheckViolationError,
  [SQLSTATE.notNullViolation]: NotNullViolationError,
  [SQLSTATE.serializationFailure]: SerializationError,
  [SQLSTATE.deadlockDetected]: DeadlockError,
  [SQLSTATE.lockNotAvailable]: LockTimeoutError,
  [SQLSTATE.queryCanceled]: StatementTimeoutError,
  [SQLSTATE.insufficientPrivilege]: PermissionDeniedError,
  [SQLSTATE.readOnlySqlTransaction]: ReadOnlyError,
  [SQLSTATE.invalidAuthorizationSpecification]: AuthenticationError,
  [SQLSTATE.invalidPassword]: AuthenticationError,
  [SQLSTATE.invalidCatalogName]: DatabaseMissingError,
  [SQLSTATE.tooManyConnections]: TooManyConnectionsError,
  [SQLSTATE.configurationLimitExceeded]: TooManyConnectionsError,
};

/** The server ended the session: it was told to, it crashed, or its patience with an idle one was over. */
const ENDED: ReadonlySet<string> = new Set([
  SQLSTATE.adminShutdown,
  SQLSTATE.crashShutdown,
  SQLSTATE.databaseDropped,
  SQLSTATE.idleSessionTimeout,
  SQLSTATE.idleInTransactionSessionTimeout,
]);

/** The error for what failed on an open connection. `outcome`: what a lost connection would have done to this statement. */
export function toDatabaseError(error: unknown, outcome: Outcome): Error {
  // What the driver throws at values it can't write is no word of the server.
  if (error instanceof PlinthError || error instanceof TypeError || error instanceof RangeError) return error;
  if (!(error instanceof ServerError))
    return new ConnectionLostError(outcome, `the connection was lost (${messageOf(error)})`, { cause: error });
  const { code = "" } = error;
  if (isConnectionState(code))
    return new ConnectionLostError(outcome, `the server ended the connection (${error.message})`, {
      cause: error,
      fields: error,
    });
  return new (CLASSES[code] ?? DatabaseError)(error.message, error, { cause: error });
}

/** The error for a connection that could not be opened. `where`: which one, without its password. */
export function toConnectError(error: unknown, where: string): Error {
  if (error instanceof PlinthError) return error;
  if (error instanceof ServerError && !isConnectionState(error.code ?? "") && error.code !== SQLSTATE.cannotConnectNow)
    return new (CLASSES[error.code ?? ""] ?? DatabaseError)(`${where}: ${error.message}`, error, { cause: error });
  return new ServerUnreachableError(`no connection to ${where} (${messageOf(error)})`, { cause: error });
}

function isConnectionState(sqlstate: string): boolean {
  return sqlstate.startsWith("08") || ENDED.has(sqlstate);
}

/** A host with several addresses fails with one error for each, and no message of its own. */
function messageOf(error: unknown): string {
  const { errors, message } = Object(error) as { readonly errors?: unknown; readonly message?: unknown };
  if (Array.isArray(errors) && errors.length > 0) return [...new Set(errors.map(messageOf))].join("; ");
  return typeof message === "string" && message !== "" ? message : String(error);
}
