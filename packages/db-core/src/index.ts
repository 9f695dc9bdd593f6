export { ArgumentError } from "./argument-error.ts";
export { DatabaseClosedError } from "./closing.ts";
export { CoalescerFullError } from "./coalescer.ts";
export { connect } from "./connect.ts";
export type { ConnectOptions } from "./connect-options.ts";
export type { ArgSpec, ColumnSpec, Contract, ContractTypes, Json, ProcedureSpec, Returns } from "./contract.ts";
export { defineContract } from "./contract.ts";
export { createCoalescer, type GatherOptions } from "./create-coalescer.ts";
export type {
  Caller,
  CallOptions,
  Database,
  Iterate,
  IterateOf,
  IterateOptional,
  IterateOptions,
  ListenOptions,
  Procedure,
  ProcedureOptional,
  ProceduresDatabase,
  ProceduresTransaction,
  ProcsOf,
  Queries,
  QueryResult,
  StopListening,
  Transaction,
  TransactionOptions,
} from "./database.ts";
export { DatabaseError } from "./database-error.ts";
export { AuthenticationError } from "./database-errors/authentication.ts";
export { CheckViolationError } from "./database-errors/check-violation.ts";
export { ConnectionLostError, type Outcome } from "./database-errors/connection-lost.ts";
export { DatabaseMissingError } from "./database-errors/database-missing.ts";
export { DeadlockError } from "./database-errors/deadlock.ts";
export { ForeignKeyViolationError } from "./database-errors/foreign-key-violation.ts";
export { LockTimeoutError } from "./database-errors/lock-timeout.ts";
export { NotNullViolationError } from "./database-errors/not-null-violation.ts";
export { PermissionDeniedError } from "./database-errors/permission-denied.ts";
export { ReadOnlyError } from "./database-errors/read-only.ts";
export { SerializationError } from "./database-errors/serialization.ts";
export { ServerUnreachableError } from "./database-errors/server-unreachable.ts";
export { StatementTimeoutError } from "./database-errors/statement-timeout.ts";
export { TooManyConnectionsError } from "./database-errors/too-many-connections.ts";
export { UniqueViolationError } from "./database-errors/unique-violation.ts";
export { knownKeys, OptionError, oneOf, PlinthError, text, trueOrFalse, wholeNumber } from "./errors.ts";
export type { DatabaseEvent } from "./events.ts";
export { ListenThroughPoolerError } from "./listen-through-pooler-error.ts";
export { PoolBusyError } from "./pool-busy-error.ts";
export { contract } from "./procedures.gen.ts";
export { ProceduresOnlyError } from "./procedures-only-error.ts";
export { ResultError } from "./result-error.ts";
export { SchemaTooOldError, type TooOld } from "./schema-too-old-error.ts";
export { SQLSTATE, type SqlstateName } from "./sqlstate.ts";
export { toDatabaseError } from "./to-database-error.ts";
export { TooManyCallsError } from "./too-many-calls-error.ts";
export { NestedTransactionOpenError, TransactionAbortedError, TransactionEndedError } from "./transaction-errors.ts";
export { DatabaseUsedInTransactionError } from "./transaction-scope.ts";
