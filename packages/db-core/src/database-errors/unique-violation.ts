import { DatabaseError } from "../database-error.ts";

/** A row with the same key is there already; `constraint` names the rule. Nothing was written. */
export class UniqueViolationError extends DatabaseError {
  override readonly name: string = "UniqueViolationError";
  override readonly code: string = "UNIQUE_VIOLATION";
}
