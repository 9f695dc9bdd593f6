import { setTimeout as sleep } from "node:timers/promises";
import type { Client, ClientBase } from "pg";
import { readBlockers } from "./advisory-lock.ts";
import { openSibling } from "./connection.ts";
import type { Blocker } from "./events.ts";

const CANCEL_AGAIN_MS = 100;

/**
 * A second connection beside the one that migrates, opened when it is first needed: it sees who blocks a waiting statement, and cancels it when the
 * caller's signal says so.
 */
export class Monitor {
  readonly #of: ClientBase;
  readonly #signal: AbortSignal | undefined;
  readonly #lookEveryMs: number;
  readonly #onBlocked: (by: readonly Blocker[]) => void;
  #client: Promise<Awaited<ReturnType<typeof openSibling>>> | undefined;
  /** Who was seen in the way last, in the work at hand. */
  blockers: readonly Blocker[] = [];

  constructor(
    of: ClientBase,
    options: {
      readonly signal: AbortSignal | undefined;
      /** A statement waits so long at most: blockers are looked for several times in between. */
      readonly statementLockTimeoutMs: number;
      readonly onBlocked: (by: readonly Blocker[]) => void;
    },
  ) {
    this.#of = of;
    this.#signal = options.signal;
    this.#lookEveryMs = Math.min(1_000, Math.max(20, Math.floor(options.statementLockTimeoutMs / 3)));
    this.#onBlocked = options.onBlocked;
  }

  /** Watches server process `pid` while `work` goes on. */
  async during<Result>(pid: number, work: () => Promise<Result>): Promise<Result> {
    this.blockers = [];
    const done = new AbortController();
    const watching = [this.#look(pid, done.signal), this.#cancelOnAbort(pid, done.signal)];
    try {
      return await work();
    } finally {
      done.abort();
      await Promise.all(watching);
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.then((open) => open.end()).catch(() => {});
  }

  async #look(pid: number, done: AbortSignal): Promise<void> {
    let known = "";
    for (;;) {
      await pause(this.#lookEveryMs, done);
      if (done.aborted) return;
      try {
        const by = await readBlockers(await this.#connect(), pid);
        if (by.length === 0) continue;
        this.blockers = by;
        const pids = by.map((blocker) => blocker.pid).join();
        if (pids !== known && !done.aborted) this.#onBlocked(by);
        known = pids;
      } catch {
        // Who is in the way is a help, not a promise: without a second connection the work goes on unwatched.
        return;
      }
    }
  }

  async #cancelOnAbort(pid: number, done: AbortSignal): Promise<void> {
    const signal = this.#signal;
    if (signal === undefined) return;
    if (!signal.aborted) await aborted(AbortSignal.any([signal, done]));
    // Again and again, for the moment between two statements, when there is nothing to cancel.
    while (!done.aborted) {
      try {
        const client = await this.#connect();
        await client.query(`select pg_catalog.pg_cancel_backend(${pid})`);
      } catch {
        // No second connection to be had: the server notices that the first is gone, and rolls back.
        (this.#of as Client & { connection?: { stream?: { destroy(): void } } }).connection?.stream?.destroy();
        return;
      }
      await pause(CANCEL_AGAIN_MS, done);
    }
  }

  #connect(): Promise<Awaited<ReturnType<typeof openSibling>>> {
    this.#client ??= openSibling(this.#of);
    return this.#client;
  }
}

/** Resolves early, and never rejects, when `signal` is aborted. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {});
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
