import { DatabaseError } from "../database-error.ts";

/** The statement ran longer than `statementTimeoutMs`, or was cancelled from outside. Nothing was written. */
export class StatementTimeoutError extends DatabaseError {
  override readonly name: string = "StatementTimeoutError";
  override readonly code: string = "STATEMENT_TIMEOUT";
}
