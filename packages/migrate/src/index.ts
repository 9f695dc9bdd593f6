export type { Access, ServiceAccess } from "./access.ts";
export { readAccess } from "./access.ts";
export { AccessFileError, GrantsError, RolesMissingError } from "./access-error.ts";
export { type AppliedFile, type ApplyResult, apply } from "./apply.ts";
export type { ApplyOptions } from "./apply-options.ts";
export type { Drift } from "./catalog-fingerprint.ts";
export type { MigrationDatabase, Queryable } from "./connection.ts";
export {
  ClientStateError,
  ConnectionError,
  DirectConnectionError,
  NotPrimaryError,
  PrivilegeError,
  ServerTooOldError,
} from "./connection-errors.ts";
export { type ContractCode, ContractError, type ContractProblem } from "./contract-error.ts";
export type { Blocker, MigrateEvent, OnMigrateEvent } from "./events.ts";
export { FileChangedError, type FileProblem, InvalidFilesError } from "./file-errors.ts";
export type { GenerateOptions, GenerateResult } from "./generate/generate.ts";
export type { GrantChange } from "./grants.ts";
export {
  InvalidManifestError,
  InvalidPackageJsonError,
  MigrationsDirectoryError,
  NamespaceConflictError,
  NamespaceCycleError,
  NoMigrationsError,
  PackageNotFoundError,
} from "./graph-errors.ts";
export type { Progress } from "./ledger.ts";
export type { LintFinding, LintOptions } from "./lint.ts";
export { loadMigrations } from "./load-migrations.ts";
export { MigrateError, type MigrateErrorKind, type SourcePosition } from "./migrate-error.ts";
export type { MigrationFile, Migrations, Namespace } from "./migrations.ts";
export type { NewMigrationOptions } from "./new-migration.ts";
export { generate, lint, newMigration, plan, repair, status, verify } from "./on-demand.ts";
export type { Plan, PlannedFile } from "./plan.ts";
export type { ReadOptions } from "./plan-command.ts";
export { renderGraph } from "./render-graph.ts";
export type { RepairAction, RepairOptions, RepairResult } from "./repair.ts";
export {
  CancelledError,
  EditedError,
  type EditedFile,
  InterruptedFileError,
  InvalidIndexError,
  LockTimeoutError,
  OutOfOrderError,
  RepairError,
  SqlFailureError,
  TransactionEndedError,
} from "./run-errors.ts";
export { ScratchDatabaseError } from "./scratch-database-error.ts";
export type { NamespaceStatus, Status, StoppedFile } from "./status.ts";
export type { VerifyOptions, VerifyResult } from "./verify.ts";
export { DriftError, ReplayError, StoppedFilesError } from "./verify-errors.ts";
