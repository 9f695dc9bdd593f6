import { DatabaseError } from "../database-error.ts";

/** The server has no database of that name. Nothing was sent. */
export class DatabaseMissingError extends DatabaseError {
  override readonly name: string = "DatabaseMissingError";
  override readonly code: string = "DATABASE_MISSING";
}
