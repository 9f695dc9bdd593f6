import { DatabaseError } from "../database-error.ts";

/** Two transactions waited for each other and this one was given up. Nothing was written; the whole transaction may be run again. */
export class DeadlockError extends DatabaseError {
  override readonly name: string = "DeadlockError";
  override readonly code: string = "DEADLOCK";
  override readonly retryable: boolean = true;
}
