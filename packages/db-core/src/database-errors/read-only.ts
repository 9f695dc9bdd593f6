import { DatabaseError } from "../database-error.ts";

/** Something tried to write where only reading is allowed: in a read procedure, a read-only transaction, or on a replica. Nothing was written. */
export class ReadOnlyError extends DatabaseError {
  override readonly name: string = "ReadOnlyError";
  override readonly code: string = "READ_ONLY";
}
