import { AsyncLocalStorage } from "node:async_hooks";
import { PlinthError } from "./plinth-error.ts";

/**
 * `db` was called inside the callback of one of its own transactions: the call would have run outside the transaction, on another
 * connection. Nothing was sent. Call on `tx`, or say `allowDatabaseCalls` where that is meant.
 */
export class DatabaseUsedInTransactionError extends PlinthError {
  override readonly name = "DatabaseUsedInTransactionError";
  readonly code = "DATABASE_USED_IN_TRANSACTION";

  /** What was called: `db.query`, `db.procs.kv.get`. */
  readonly call: string;

  constructor(call: string) {
    super(
      `${call} was called inside db.transaction, where it would run on another connection, outside the transaction: ` +
        "call it on the callback's tx, or set the transaction's option allowDatabaseCalls to true",
    );
    this.call = call;
  }
}

/** One run of a transaction's callback, as the asynchronous context of whatever the callback calls knows it. */
interface Scope {
  /** The object all calls of one Database have in common: another Database's calls are no concern of this transaction. */
  readonly owner: object;
  /** The transaction around this one, of whichever Database. */
  readonly outer: Scope | undefined;
  /** False once the transaction ended: work that outlives its callback is outside. */
  open: boolean;
}

const scopes: AsyncLocalStorage<Scope> = new AsyncLocalStorage();

/** Runs a transaction's callback so that {@link refuseInsideTransaction} knows, until the promise is settled. */
export async function insideTransaction<Result>(owner: object, callback: () => Promise<Result>): Promise<Result> {
  const scope: Scope = { owner, outer: scopes.getStore(), open: true };
  try {
    return await scopes.run(scope, callback);
  } finally {
    scope.open = false;
  }
}

/**
 * Throws if the caller is inside an open transaction of `owner`. Outside of any it costs one look at the context.
 *
 * @throws {DatabaseUsedInTransactionError} Nothing was sent.
 */
export function refuseInsideTransaction(owner: object, call: string): void {
  let scope = scopes.getStore();
  while (scope !== undefined) {
    if (scope.open && scope.owner === owner) throw new DatabaseUsedInTransactionError(call);
    scope = scope.outer;
  }
}
