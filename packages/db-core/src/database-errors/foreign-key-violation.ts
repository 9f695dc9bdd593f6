import { DatabaseError } from "../database-error.ts";

/** What is referenced is not there, or is still referenced; `constraint` names the rule. Nothing was written. */
export class ForeignKeyViolationError extends DatabaseError {
  override readonly name: string = "ForeignKeyViolationError";
  override readonly code: string = "FOREIGN_KEY_VIOLATION";
}
