import { AsyncResource } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, Notification } from "pg";
import { DatabaseClosedError } from "./closing.ts";
import type { ListenOptions, StopListening } from "./database.ts";
import type { Report } from "./events.ts";
import { ListenConnection, type ListenTiming } from "./listen-connection.ts";
import { knownKeys, OptionError } from "./option-error.ts";

/** With these, a peer that vanished is noticed after 20 seconds at the latest. */
const TIMING: ListenTiming = { keepaliveMs: 15_000, answerMs: 5_000, backoffFirstMs: 100, backoffMaxMs: 10_000 };

/** Postgres cuts longer names off, in silence: two channels would be one. */
const CHANNEL_BYTES_MAX = 63;

interface Subscription {
  readonly channel: string;
  readonly onPayload: (payload: string) => unknown;
  readonly onReconnect: (() => unknown) | undefined;
  /** Whether it ever listened: one that didn't yet has missed nothing. */
  established: boolean;
}

/** All listening of one Database: one connection, opened by the first `listen` and closed by the last stop. */
export class Listener {
  readonly #open: () => Promise<Client>;
  readonly #report: Report;
  readonly #timing: ListenTiming;
  readonly #channels: Map<string, Set<Subscription>> = new Map();
  readonly #closing = new AbortController();
  #connection: ListenConnection | undefined;
  #opening: Promise<ListenConnection> | undefined;
  #missing = false;
  #reconnecting = false;

  constructor(open: () => Promise<Client>, report: Report, timing: ListenTiming = TIMING) {
    this.#open = open;
    this.#report = report;
    this.#timing = timing;
  }

  /** Resolves once the server listens; rejects if it can't be reached now. */
  async listen(
    channel: string,
    onPayload: (payload: string) => void,
    options: ListenOptions = {},
  ): Promise<StopListening> {
    const subscription = subscriptionOf(channel, onPayload, options);
    if (this.#closing.signal.aborted) throw new DatabaseClosedError("db.listen");
    const subscriptions = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, subscriptions.add(subscription));
    try {
      const connection = await this.#connected();
      await connection.listen(channel);
    } catch (error) {
      await this.#remove(subscription);
      throw error;
    }
    subscription.established = true;
    return () => this.#remove(subscription);
  }

  /** Ends all listening. Notifications that arrive from now on are nobody's. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#channels.clear();
    // A connection that is being opened closes itself when it finds that nobody listens any more.
    await this.#opening?.catch(() => {});
    await this.#connection?.close();
    this.#connection = undefined;
  }

  async #remove(subscription: Subscription): Promise<void> {
    const { channel } = subscription;
    const subscriptions = this.#channels.get(channel);
    if (subscriptions?.delete(subscription) !== true || subscriptions.size > 0) return;
    this.#channels.delete(channel);
    const connection = this.#connection;
    if (connection === undefined) return;
    if (this.#channels.size > 0) {
      // Lost meanwhile: then nobody listens to the channel, which is what was asked for.
      await connection.unlisten(channel).catch(() => {});
      return;
    }
    this.#connection = undefined;
    await connection.close();
  }

  #connected(): Promise<ListenConnection> {
    if (this.#connection !== undefined) return Promise.resolve(this.#connection);
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #connect(): Promise<ListenConnection> {
    const client = await this.#open();
    const connection: ListenConnection = new ListenConnection(
      client,
      this.#timing,
      (message) => this.#deliver(message),
      (error) => this.#lost(connection, error),
    );
    try {
      await Promise.all([...this.#channels.keys()].map((channel) => connection.listen(channel)));
      if (this.#channels.size === 0) throw new DatabaseClosedError("db.listen");
    } catch (error) {
      await connection.close();
      throw error;
    }
    this.#connection = connection;
    if (this.#missing) this.#back();
    return connection;
  }

  #lost(connection: ListenConnection, error: Error): void {
    // One that was never in use is the affair of who opened it.
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#missing = true;
    this.#report({ type: "listen-lost", error, attempts: 0 });
    if (this.#reconnecting) return;
    this.#reconnecting = true;
    void this.#reconnect().finally(() => {
      this.#reconnecting = false;
    });
  }

  async #reconnect(): Promise<void> {
    const { backoffFirstMs, backoffMaxMs } = this.#timing;
    for (let attempts = 1; this.#channels.size > 0 && this.#connection === undefined; attempts += 1) {
      // Full jitter: the many clients of a server that came back do not all come at once.
      const boundMs = Math.min(backoffMaxMs, backoffFirstMs * 2 ** Math.min(attempts - 1, 20));
      try {
        await sleep(Math.random() * boundMs, undefined, { signal: this.#closing.signal });
      } catch {
        return;
      }
      try {
        if (this.#channels.size > 0) await this.#connected();
      } catch (error) {
        if (this.#channels.size > 0) this.#report({ type: "listen-lost", error: error as Error, attempts });
      }
    }
  }

  #back(): void {
    this.#missing = false;
    for (const subscription of [...this.#channels.values()].flatMap((each) => [...each])) {
      const { onReconnect, established } = subscription;
      if (established && onReconnect !== undefined) this.#run("onReconnect", onReconnect);
    }
    this.#report({ type: "listen-back" });
  }

  #deliver(message: Notification): void {
    for (const { onPayload } of [...(this.#channels.get(message.channel) ?? [])])
      this.#run("onPayload", () => onPayload(message.payload ?? ""));
  }

  /** One listener's failure is reported, and neither the others' nor the connection's. */
  #run(callback: "onPayload" | "onReconnect", run: () => unknown): void {
    const failed = (error: unknown): void => this.#report({ type: "callback-failed", callback, error });
    try {
      // The type says void, but nothing keeps an async function from being given.
      Promise.resolve(run()).catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

function subscriptionOf(
  channel: string,
  onPayload: (payload: string) => void,
  { onReconnect, ...rest }: ListenOptions,
): Subscription {
  knownKeys(rest, ["onReconnect"], "listen");
  const bytes = typeof channel === "string" ? Buffer.byteLength(channel) : 0;
  if (bytes < 1 || bytes > CHANNEL_BYTES_MAX || channel.includes("\0"))
    throw new OptionError("channel", `a name of 1 to ${CHANNEL_BYTES_MAX} bytes without \\0`, channel);
  if (typeof onPayload !== "function") throw new OptionError("onPayload", "a function", onPayload);
  if (onReconnect !== undefined && typeof onReconnect !== "function")
    throw new OptionError("onReconnect", "a function", onReconnect);
  // Callbacks run in the context of who listens, not of whoever happened to open the connection.
  return {
    channel,
    onPayload: AsyncResource.bind(onPayload),
    onReconnect: onReconnect && AsyncResource.bind(onReconnect),
    established: false,
  };
}
