import { AsyncResource } from "node:async_hooks";
import { CoalescerQueue, type Waiting } from "./coalescer-queue.ts";
import { ConnectionLostError } from "./database-errors/connection-lost.ts";
import { LockTimeoutError } from "./database-errors/lock-timeout.ts";
import { PlinthError } from "./plinth-error.ts";
import { Slots } from "./slots.ts";

/** Limits of one batch. A call larger than the second goes alone. */
const BATCH_CALLS_MAX = 100;
const BATCH_BYTES_MAX = 1024 * 1024;

/** Batches on their way at once. More would make each smaller; one would let a batch that met a lock hold up everything until it gives up. */
const BATCHES_MAX = 2;

/** Calls of a failed batch that run at once, and calls that wait for a lock at once: each has a connection of the pool to itself. */
const APART_MAX = 4;
const LOCK_WAITS_MAX = 4;

/** Calls that may wait for a batch. */
const WAITING_MAX = 10_000;

/** Too many calls wait already. This one was not made; make it later. */
export class CoalescerFullError extends PlinthError {
  override readonly name = "CoalescerFullError";
  readonly code = "COALESCER_FULL";
  override readonly retryable = true;

  /** Calls that were waiting. */
  readonly waiting: number;

  constructor(waiting: number) {
    super(`${waiting} calls wait for their batch already, which is the most there may be: this one was not made`);
    this.waiting = waiting;
  }
}

/** Whether a call of the batch procedure gives a lock up after 50 ms, or waits for it as long as the role may. */
export type LockWait = "brief" | "patient";

/** What makes one batch procedure serve many single calls. */
export interface CoalescerOptions<Call, Row> {
  /** What the call writes. Calls of one key run one after another, in the order in which they were made. */
  readonly key: (call: Call) => string;
  /** Bytes the call sends, roughly: what the 1 MiB of a batch is counted in. */
  readonly sizeBytes: (call: Call) => number;
  /**
   * Makes the calls by one call of the batch procedure, which must be one statement, and lock in the order of its arguments: they come
   * sorted by key, each key once. After a failure it is called again with each call alone.
   */
  readonly run: (calls: readonly Call[], lockWait: LockWait) => Promise<readonly Row[]>;
  /** The key that a row of the answer is about. A call no row is about has the outcome `undefined`. */
  readonly keyOf: (row: Row) => string;
}

interface Entry<Call, Row> extends Waiting<Call> {
  readonly resolve: (row: Row | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes concurrent small writes travel together: the calls of a tick are one batch, and so are those that came while earlier batches ran. A
 * call that comes when nothing runs goes out in its own tick.
 */
export class Coalescer<Call, Row> {
  readonly #options: CoalescerOptions<Call, Row>;
  readonly #queue = new CoalescerQueue<Call, Entry<Call, Row>>();
  readonly #lockWaits = new Slots(LOCK_WAITS_MAX);
  /** A batch belongs to no single caller: it must not run in the context of the one that happened to come first. */
  readonly #context = new AsyncResource("PlinthCoalescer");
  #batches = 0;
  #scheduled = false;

  constructor(options: CoalescerOptions<Call, Row>) {
    this.#options = options;
  }

  /** Makes one call. Resolves to its row of the answer, `undefined` if there is none; what fails it fails no other call. */
  async run(call: Call): Promise<Row | undefined> {
    if (this.#queue.length >= WAITING_MAX) throw new CoalescerFullError(this.#queue.length);
    const key = this.#options.key(call);
    const sizeBytes = this.#options.sizeBytes(call);
    return await new Promise<Row | undefined>((resolve, reject) => {
      this.#queue.add({ call, key, sizeBytes, resolve, reject });
      this.#schedule();
    });
  }

  /** At the end of the tick: later than every call that is being made now, earlier than any input and output. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.#context.runInAsyncScope(() => this.#start());
    });
  }

  #start(): void {
    while (this.#batches < BATCHES_MAX) {
      const batch = this.#queue.take(BATCH_CALLS_MAX, BATCH_BYTES_MAX);
      if (batch.length === 0) return;
      this.#batches += 1;
      void this.#runBatch(batch).finally(() => {
        this.#batches -= 1;
        this.#schedule();
      });
    }
  }

  async #runBatch(batch: readonly Entry<Call, Row>[]): Promise<void> {
    let rows: readonly Row[];
    try {
      rows = await this.#call(batch, "brief");
    } catch (error) {
      // A lost connection may have taken a batch with it that was written: making its calls again could write twice.
      if (error instanceof ConnectionLostError) for (const entry of batch) this.#fail(entry, error);
      else if (batch.length > 1) await this.#runApart(batch);
      else for (const entry of batch) this.#failAlone(entry, error);
      return;
    }
    this.#settle(batch, rows);
  }

  /** The batch failed, so nothing of it was written. Each call again, by itself, so that each has the outcome that is its own. */
  async #runApart(batch: readonly Entry<Call, Row>[]): Promise<void> {
    const slots = new Slots(APART_MAX);
    await Promise.all(batch.map((entry) => slots.run(() => this.#runAlone(entry))));
  }

  async #runAlone(entry: Entry<Call, Row>): Promise<void> {
    try {
      this.#settle([entry], await this.#call([entry], "brief"));
    } catch (error) {
      this.#failAlone(entry, error);
    }
  }

  /** A call that failed by itself. Only one that met a lock is made again, to wait for it outside of any batch. */
  #failAlone(entry: Entry<Call, Row>, error: unknown): void {
    if (error instanceof LockTimeoutError) void this.#lockWaits.run(() => this.#waitForLock(entry));
    else this.#fail(entry, error);
  }

  async #waitForLock(entry: Entry<Call, Row>): Promise<void> {
    try {
      this.#settle([entry], await this.#call([entry], "patient"));
    } catch (error) {
      this.#fail(entry, error);
    }
  }

  async #call(entries: readonly Entry<Call, Row>[], lockWait: LockWait): Promise<readonly Row[]> {
    return await this.#options.run(
      entries.map((entry) => entry.call),
      lockWait,
    );
  }

  #settle(entries: readonly Entry<Call, Row>[], rows: readonly Row[]): void {
    let rowOf: Map<string, Row>;
    try {
      rowOf = new Map(rows.map((row) => [this.#options.keyOf(row), row]));
    } catch (error) {
      for (const entry of entries) this.#fail(entry, error);
      return;
    }
    for (const entry of entries) {
      this.#queue.finish(entry);
      entry.resolve(rowOf.get(entry.key));
    }
    this.#schedule();
  }

  #fail(entry: Entry<Call, Row>, error: unknown): void {
    this.#queue.finish(entry);
    entry.reject(error);
    this.#schedule();
  }
}
