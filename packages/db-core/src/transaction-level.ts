import type { Session } from "./connections.ts";
import { DatabaseError } from "./database-error.ts";
import { ConnectionLostError } from "./database-errors/connection-lost.ts";
import { SQLSTATE } from "./sqlstate.ts";
import { NestedTransactionOpenError, TransactionAbortedError, TransactionEndedError } from "./transaction-errors.ts";

/** What a level needs of the transaction's connection. */
type LevelSession = Pick<Session, "command" | "outsideTransaction">;

type AfterCommit = () => void | Promise<void>;

/**
 * The outermost transaction, or a savepoint within it: what may be called on it now, in which order it reaches the connection, and what
 * happens after the commit.
 */
export class TransactionLevel {
  readonly #session: LevelSession;
  readonly #depth: number;
  #state: "open" | "ending" | "ended" = "open";
  #endedHow: string | undefined;
  #nested: TransactionLevel | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #failure: unknown;
  #afterCommit: AfterCommit[] = [];

  constructor(session: LevelSession, depth = 0) {
    this.#session = session;
    this.#depth = depth;
  }

  /** The first error of the server since this level began: what made it unable to commit. */
  get failure(): unknown {
    return this.#failure;
  }

  /** What is to run after COMMIT, in order: this level's, and that of nested ones which were kept. */
  get afterCommitCallbacks(): readonly AfterCommit[] {
    return this.#afterCommit;
  }

  /** Makes one call after those made before it. Rejects without making it if this level can't be used now. */
  async run<Result>(call: string, work: () => Promise<Result>): Promise<Result> {
    this.#refuseUnlessUsable(call);
    const result = await this.#inOrder(call, work);
    if (this.#session.outsideTransaction()) {
      // A COMMIT or ROLLBACK of the callback's own: what followed would be committed statement by statement.
      this.end("one of its own statements ended it on the server, and what ran before that may be committed");
      throw new TransactionEndedError(call, this.#endedHow);
    }
    return result;
  }

  afterCommit(callback: AfterCommit): void {
    this.#refuseUnlessUsable("tx.afterCommit");
    this.#afterCommit.push(callback);
  }

  /** Runs a nested transaction: what `callback` does on the level it is given is kept or undone as one. */
  async nest<Result>(readOnly: boolean, callback: (level: TransactionLevel) => Promise<Result>): Promise<Result> {
    this.#refuseUnlessUsable("tx.transaction");
    const nested = new TransactionLevel(this.#session, this.#depth + 1);
    this.#nested = nested;
    try {
      // The server gives the mode back at the end of the savepoint.
      const begin = `savepoint ${nested.#name}${readOnly ? "; set transaction read only" : ""}`;
      await this.#inOrder("tx.transaction", () => this.#session.command(begin));
      return await this.#keepOrUndo(nested, callback);
    } finally {
      nested.end();
      this.#nested = undefined;
    }
  }

  /** No call may begin any more. Waits for those that were made, and refuses if a nested transaction still runs. */
  async finish(): Promise<void> {
    const running = this.#nested;
    if (this.#state === "open") this.#state = "ending";
    running?.end("the transaction around it has ended");
    await this.#last;
    if (running !== undefined) throw new NestedTransactionOpenError("the end of the transaction");
    if (this.#endedHow !== undefined) throw new TransactionEndedError("commit", this.#endedHow);
  }

  /** No call may begin any more, not even one that was made and waits. Resolves when nothing runs. */
  async abandon(): Promise<void> {
    this.end();
    await this.#last;
  }

  end(how?: string): void {
    this.#state = "ended";
    this.#endedHow ??= how;
    this.#nested?.end(how);
  }

  get #name(): string {
    return `plinth_${this.#depth}`;
  }

  async #keepOrUndo<Result>(
    nested: TransactionLevel,
    callback: (level: TransactionLevel) => Promise<Result>,
  ): Promise<Result> {
    let result: Result;
    try {
      result = await callback(nested);
      await nested.finish();
      await nested.#release();
    } catch (error) {
      await nested.abandon();
      // Once this level is over, its own ROLLBACK undoes the nested one too, and the connection may be somebody else's already.
      if (this.#state === "open") await this.#undo(nested);
      throw error;
    }
    this.#afterCommit.push(...nested.#afterCommit);
    return result;
  }

  async #release(): Promise<void> {
    if (this.#state === "ended") throw new TransactionEndedError("release", this.#endedHow);
    try {
      await this.#session.command(`release savepoint ${this.#name}`);
    } catch (error) {
      if (!isAborted(error)) throw error;
      throw new TransactionAbortedError("the nested transaction could not be kept", this.#failure ?? error);
    }
  }

  async #undo(nested: TransactionLevel): Promise<void> {
    try {
      await this.#session.command(`rollback to savepoint ${nested.#name}; release savepoint ${nested.#name}`);
    } catch (error) {
      // The nested one's own error is what the caller hears of; this level can't be committed any more, and says so when it is tried.
      this.#failure ??= nested.#failure ?? error;
    }
  }

  #refuseUnlessUsable(call: string): void {
    if (this.#state !== "open") throw new TransactionEndedError(call, this.#endedHow);
    if (this.#nested !== undefined) throw new NestedTransactionOpenError(call);
  }

  #inOrder<Result>(call: string, work: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(async () => {
      if (this.#state === "ended") throw new TransactionEndedError(call, this.#endedHow);
      try {
        return await work();
      } catch (error) {
        if (isAborted(error)) throw new TransactionAbortedError(`${call} could not run`, this.#failure ?? error);
        if (error instanceof DatabaseError) this.#failure ??= error;
        if (error instanceof ConnectionLostError) throw lostBeforeCommit(error);
        throw error;
      }
    });
    this.#last = done.catch(() => {});
    return done;
  }
}

/** Whatever the statement did, no COMMIT was sent: none of it is left. */
function lostBeforeCommit(cause: ConnectionLostError): ConnectionLostError {
  return new ConnectionLostError("none", "the connection was lost inside the transaction", { cause });
}

/** The server refuses everything but a rollback. */
function isAborted(error: unknown): boolean {
  return error instanceof DatabaseError && error.sqlstate === SQLSTATE.inFailedSqlTransaction;
}
