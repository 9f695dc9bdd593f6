import { DatabaseError } from "../database-error.ts";

/** A value is missing; `column` names it. Nothing was written. */
export class NotNullViolationError extends DatabaseError {
  override readonly name: string = "NotNullViolationError";
  override readonly code: string = "NOT_NULL_VIOLATION";
}
