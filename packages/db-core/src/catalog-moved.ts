import { DatabaseError as ServerError } from "pg";
import { SQLSTATE } from "./sqlstate.ts";

/** Something that the statement, or the body of its function, names was not there when it was looked up, or was not what it had been. */
const MOVED: ReadonlySet<string | undefined> = new Set([
  SQLSTATE.undefinedFunction,
  SQLSTATE.undefinedTable,
  SQLSTATE.undefinedColumn,
  SQLSTATE.undefinedObject,
  SQLSTATE.invalidSchemaName,
  SQLSTATE.invalidSqlStatementName,
  SQLSTATE.duplicatePreparedStatement,
  SQLSTATE.datatypeMismatch,
]);

/** The server's own words for an object that went while it was being used. They are never translated. */
const VANISHED =
  /^(cache lookup failed|could not open relation|could not find|relation \d+ (deleted|dropped)|type with OID)/;

/**
 * Whether the server says that its catalog is not what the statement was prepared on: somebody migrates. The statement was rolled back, and
 * may be made again.
 */
export function catalogMoved(error: unknown): boolean {
  if (!(error instanceof ServerError)) return false;
  if (MOVED.has(error.code)) return true;
  // "cached plan must not change result type" comes in the server's language.
  if (error.code === SQLSTATE.featureNotSupported) return error.routine === "RevalidateCachedQuery";
  return error.code === SQLSTATE.internalError && VANISHED.test(error.message);
}
