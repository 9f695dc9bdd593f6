import { DatabaseError } from "../database-error.ts";

/** The server, the role or the database has as many connections as it may. Nothing was sent. */
export class TooManyConnectionsError extends DatabaseError {
  override readonly name: string = "TooManyConnectionsError";
  override readonly code: string = "TOO_MANY_CONNECTIONS";
  override readonly retryable: boolean = true;
}
