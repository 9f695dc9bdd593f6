import { DatabaseError } from "../database-error.ts";

/** A value is outside of what its table allows; `constraint` names the rule. Nothing was written. */
export class CheckViolationError extends DatabaseError {
  override readonly name: string = "CheckViolationError";
  override readonly code: string = "CHECK_VIOLATION";
}
