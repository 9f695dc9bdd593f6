import { DatabaseError } from "../database-error.ts";

/** Another transaction was first. Nothing was written; the whole transaction may be run again. */
export class SerializationError extends DatabaseError {
  override readonly name: string = "SerializationError";
  override readonly code: string = "SERIALIZATION_FAILURE";
  override readonly retryable: boolean = true;
}
