import { DatabaseError } from "../database-error.ts";

/** The role may not do this. Nothing was written. */
export class PermissionDeniedError extends DatabaseError {
  override readonly name: string = "PermissionDeniedError";
  override readonly code: string = "PERMISSION_DENIED";
}
