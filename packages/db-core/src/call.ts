import { catalogMoved } from "./catalog-moved.ts";
import type { WorkInProgress } from "./closing.ts";
import type { BoundCall, CompiledProcedure } from "./procedure.ts";
import type { ProcedureQuery } from "./procedure-query.ts";
import { toDatabaseError } from "./to-database-error.ts";

/**
 * How long to wait before a call is made again, each time a migration moved the catalog under it. The wait for the migration's locks paces it
 * well enough as a rule. But a commit is visible a little before everybody has been told of it, and that may take milliseconds on a busy
 * server. What really isn't there is told to the caller after the last one.
 */
const AGAIN_AFTER_MS = [0, 0, 1, 2, 4, 8, 16, 32, 64, 64];

/** Where calls are sent. */
export interface Sender {
  send(call: Call): void;
}

/** One call of a procedure, from its arguments to its answer: settled once, however many queries carried it. */
export class Call {
  readonly procedure: CompiledProcedure;
  readonly bound: BoundCall;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  /** Where it is made again; nothing in a transaction, where it can't be. */
  readonly #again: Sender | undefined;
  /** What waits for it before it closes. */
  readonly #work: WorkInProgress | undefined;
  #againCount = 0;
  #settled = false;
  /** The query whose failure counts. An earlier one was left behind, but its answer is as good. */
  query: ProcedureQuery | undefined;
  /** Times it was taken from behind a slow call. */
  moves = 0;

  /** @throws {ArgumentError} @throws {DatabaseClosedError} */
  constructor(
    procedure: CompiledProcedure,
    args: object | undefined,
    again: Sender | undefined,
    work: WorkInProgress | undefined,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.procedure = procedure;
    this.bound = procedure.bind(args);
    this.#again = again;
    this.#work = work;
    this.#resolve = resolve;
    this.#reject = reject;
    work?.start(procedure.databasePath);
  }

  get settled(): boolean {
    return this.#settled;
  }

  succeed(value: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#resolve(value);
    this.#work?.end();
  }

  fail(error: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#reject(error);
    this.#work?.end();
  }

  /** A query that carried it failed. */
  queryFailed(query: ProcedureQuery, error: unknown): void {
    if (this.#settled || this.query !== query) return;
    if (this.#again !== undefined && this.#againCount < AGAIN_AFTER_MS.length && catalogMoved(error))
      this.#makeAgain(this.#again);
    else this.fail(toDatabaseError(error, this.procedure.isRead || this.#again === undefined ? "none" : "unknown"));
  }

  #makeAgain(sender: Sender): void {
    const waitMs = AGAIN_AFTER_MS[this.#againCount] ?? 0;
    this.#againCount += 1;
    if (waitMs === 0) sender.send(this);
    else
      setTimeout(() => {
        if (!this.#settled) sender.send(this);
      }, waitMs);
  }
}
