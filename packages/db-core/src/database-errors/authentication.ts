import { DatabaseError } from "../database-error.ts";

/** The server let nobody in: the role, its password or the server's rules for it are not what they should be. Nothing was sent. */
export class AuthenticationError extends DatabaseError {
  override readonly name: string = "AuthenticationError";
  override readonly code: string = "AUTHENTICATION";
}
