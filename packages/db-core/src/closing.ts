import { PlinthError } from "./plinth-error.ts";

/** The database was closed, or is being closed. Nothing was sent. */
export class DatabaseClosedError extends PlinthError {
  override readonly name = "DatabaseClosedError";
  readonly code = "DATABASE_CLOSED";

  /** What was called: `db.query`, `db.procs.kv.get`. */
  readonly call: string;

  constructor(call: string) {
    super(`${call} was called after db.close(): nothing was sent`);
    this.call = call;
  }
}

/** Counts what runs, so that closing can wait for it, and lets nothing start once closing began. */
export class WorkInProgress {
  #count = 0;
  #closing = false;
  #idle: (() => void) | undefined;

  /**
   * Counts one piece of work. Every `start` needs one `end`.
   *
   * @throws {DatabaseClosedError} Closing began before.
   */
  start(call: string): void {
    if (this.#closing) throw new DatabaseClosedError(call);
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#idle?.();
  }

  /** Runs `work` as one piece. */
  async run<Result>(call: string, work: () => Promise<Result>): Promise<Result> {
    this.start(call);
    try {
      return await work();
    } finally {
      this.end();
    }
  }

  /** Refuses new work from now on, and waits until what runs has ended, but no longer than `waitMsMax`. Tells whether it has. */
  async close(waitMsMax: number): Promise<boolean> {
    this.#closing = true;
    if (this.#count === 0) return true;
    return await new Promise<boolean>((resolve) => {
      const late = setTimeout(() => resolve(false), waitMsMax);
      this.#idle = () => {
        clearTimeout(late);
        resolve(true);
      };
    });
  }
}
