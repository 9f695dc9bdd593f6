import type { DatabaseError as ServerError } from "pg";
import { PlinthError } from "./plinth-error.ts";

/** What the server says about an error, apart from its message. */
export type ServerFields = Partial<
  Pick<ServerError, "code" | "detail" | "hint" | "schema" | "table" | "column" | "dataType" | "constraint" | "where">
>;

/**
 * The database refused something, or could not be asked. What a caller can act on has a class of its own below this one; the rest is told
 * apart by `sqlstate` ({@link SQLSTATE} has the names). The driver's error is the `cause`.
 */
export class DatabaseError extends PlinthError {
  override readonly name: string = "DatabaseError";
  readonly code: string = "DATABASE_ERROR";

  /** Five characters; empty for an error that is not the server's own. */
  readonly sqlstate: string;
  /** The server's further words. May hold values of rows, so it is no part of the message. */
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly dataType: string | undefined;
  readonly constraint: string | undefined;
  /** Inside which function, as the server tells it. */
  readonly where: string | undefined;

  constructor(message: string, fields: ServerFields = {}, options?: ErrorOptions) {
    super(message, options);
    this.sqlstate = fields.code ?? "";
    this.detail = fields.detail;
    this.hint = fields.hint;
    this.schema = fields.schema;
    this.table = fields.table;
    this.column = fields.column;
    this.dataType = fields.dataType;
    this.constraint = fields.constraint;
    this.where = fields.where;
  }
}
