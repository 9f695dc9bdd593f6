import { DatabaseError } from "../database-error.ts";

/** A lock was not to be had in time (`lock_timeout`, or NOWAIT). Nothing was written. */
export class LockTimeoutError extends DatabaseError {
  override readonly name: string = "LockTimeoutError";
  override readonly code: string = "LOCK_TIMEOUT";
  override readonly retryable: boolean = true;
}
