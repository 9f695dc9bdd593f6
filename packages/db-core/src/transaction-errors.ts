import { PlinthError } from "./plinth-error.ts";

/** A transaction was used after it ended. The call was not made: nothing was sent. */
export class TransactionEndedError extends PlinthError {
  override readonly name = "TransactionEndedError";
  readonly code = "TRANSACTION_ENDED";

  /** What was called: `tx.query`, `tx.procs.kv.get`. */
  readonly call: string;

  constructor(call: string, how = "it was committed or rolled back, or its callback has returned") {
    super(`${call} can't run in its transaction any more: ${how}. Await every call inside the callback`);
    this.call = call;
  }
}

/**
 * A transaction was used while a nested one was open on it, or ended before it. What ran now would be undone with the nested one, or keep it
 * from being. The call was not made: nothing was sent.
 */
export class NestedTransactionOpenError extends PlinthError {
  override readonly name = "NestedTransactionOpenError";
  readonly code = "NESTED_TRANSACTION_OPEN";

  /** What was called: `tx.query`, `tx.transaction`. */
  readonly call: string;

  constructor(call: string) {
    super(
      `${call} was called while a nested transaction was open on the same transaction: ` +
        "inside its callback call on the tx it was given, outside await it first",
    );
    this.call = call;
  }
}

/**
 * The server had given the transaction up after a statement failed (`cause`), so it could not go on or commit: everything in it, or in the
 * nested one, was undone. To carry on after a failure, make what may fail in a nested transaction.
 */
export class TransactionAbortedError extends PlinthError {
  override readonly name = "TransactionAbortedError";
  readonly code = "TRANSACTION_ABORTED";
  override readonly retryable: boolean;

  constructor(what: string, failure: unknown) {
    super(
      `${what}, because a statement before it had failed and its error was caught: everything was undone. ` +
        "Make what may fail in a nested transaction (tx.transaction)",
      { cause: failure },
    );
    this.retryable = failure instanceof PlinthError && failure.retryable;
  }
}
