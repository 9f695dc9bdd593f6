import type { ClientBase } from "pg";

/** The part of pg's connection that a query of one's own is written with. */
interface WireConnection {
  query(text: string): void;
  sendCopyFail(message: string): void;
}

/** A script failed. What of it had run, if it was in a transaction, is still to be rolled back. */
export class ScriptFailure extends Error {
  override readonly name = "ScriptFailure";
  /** Statements that ended before the one that failed. */
  readonly completed: number;
  override readonly cause: Error;

  constructor(cause: Error, completed: number) {
    super(cause.message);
    this.cause = cause;
    this.completed = completed;
  }
}

/**
 * Sends SQL of any number of statements as one simple query, and resolves to how many there were.
 *
 * Unlike `client.query(text)` it keeps no rows and no result per statement, so that memory doesn't grow with the script, and it knows which
 * statement failed: errors without a position (a constraint, a lock) are found in the file by that.
 *
 * @throws {ScriptFailure} With pg's error as the cause.
 */
export function runScript(client: ClientBase, text: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let completed = 0;
    client.query({
      submit: (connection: WireConnection) => {
        connection.query(text);
        // As pg's own queries do: an error returned here would be handed to handleError.
        return null;
      },
      handleCommandComplete: () => completed++,
      handleEmptyQuery: ignore,
      handleRowDescription: ignore,
      handleDataRow: ignore,
      handlePortalSuspended: ignore,
      handleCopyData: ignore,
      handleCopyInResponse: (connection: WireConnection) =>
        connection.sendCopyFail("a migration has no data to copy from: use insert"),
      handleError: (error: Error) => reject(new ScriptFailure(error, completed)),
      handleReadyForQuery: () => resolve(completed),
    } as never);
  });
}

function ignore(): void {}
