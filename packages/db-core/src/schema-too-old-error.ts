import { DatabaseError } from "./database-error.ts";

/** A namespace that the code needs in a newer version than the database has. */
export interface TooOld {
  readonly namespace: string;
  /** V, the database's; nothing if the namespace was never applied. */
  readonly database: number | undefined;
  /** S, the code's. */
  readonly required: number;
}

/** The database lacks migrations that this code was built against. Nothing was called. `namespaces` has all of them. */
export class SchemaTooOldError extends DatabaseError {
  override readonly name: string = "SchemaTooOldError";
  override readonly code: string = "SCHEMA_TOO_OLD";

  readonly namespaces: readonly TooOld[];

  constructor(namespaces: readonly TooOld[], options?: ErrorOptions) {
    const each = namespaces.map(
      ({ namespace, database, required }) =>
        `${namespace} is ${database === undefined ? "not there" : `at version ${database}`}, this code needs ${required}`,
    );
    super(`the database is too old: ${each.join("; ")}. Run: plinth-migrate apply`, {}, options);
    this.namespaces = namespaces;
  }
}
