import { type Client, escapeIdentifier, type Notification } from "pg";
import { ConnectionLostError } from "./database-errors/connection-lost.ts";

/** How a listening connection finds out that the other end is gone. All in milliseconds. */
export interface ListenTiming {
  /** Between two questions whether the server is still there. */
  readonly keepaliveMs: number;
  /** How long the server may take to answer anything. */
  readonly answerMs: number;
  /** Upper bounds of the wait before the first attempt to reconnect, and before any. */
  readonly backoffFirstMs: number;
  readonly backoffMaxMs: number;
}

/** One connection that listens. Its commands run one after another; it is lost once, and says so once. */
export class ListenConnection {
  readonly #client: Client;
  readonly #timing: ListenTiming;
  readonly #onLost: (error: Error) => void;
  readonly #channels: Map<string, Promise<void>> = new Map();
  readonly #keepalive: NodeJS.Timeout;
  #last: Promise<unknown> = Promise.resolve();
  #gone: ConnectionLostError | undefined;

  constructor(
    client: Client,
    timing: ListenTiming,
    onNotification: (message: Notification) => void,
    onLost: (error: Error) => void,
  ) {
    this.#client = client;
    this.#timing = timing;
    this.#onLost = onLost;
    client.on("notification", onNotification);
    client.on("error", (error) => this.#lose(error));
    client.on("end", () => this.#lose(new Error("the server closed the connection")));
    // A peer that vanished without a word is noticed only by asking it.
    this.#keepalive = setInterval(() => void this.#command("select 1").catch(() => {}), timing.keepaliveMs);
    this.#keepalive.unref();
  }

  /** Resolves once the server listens. Sent once a channel, however often it is called. */
  listen(channel: string): Promise<void> {
    let sent = this.#channels.get(channel);
    if (sent === undefined) {
      sent = this.#command(`listen ${escapeIdentifier(channel)}`);
      this.#channels.set(channel, sent);
      // A refused LISTEN is no reason not to try again later.
      sent.catch(() => this.#channels.delete(channel));
    }
    return sent;
  }

  async unlisten(channel: string): Promise<void> {
    this.#channels.delete(channel);
    await this.#command(`unlisten ${escapeIdentifier(channel)}`);
  }

  /** Says goodbye, and hangs up on a server that does not answer it. */
  async close(): Promise<void> {
    if (this.#gone !== undefined) return;
    this.#gone = new ConnectionLostError("none", "the listening connection was closed");
    clearInterval(this.#keepalive);
    const deadline = setTimeout(() => this.#hangUp(), this.#timing.answerMs);
    await this.#client.end();
    clearTimeout(deadline);
  }

  #command(text: string): Promise<void> {
    const answered = this.#last.then(() => this.#ask(text));
    this.#last = answered.catch(() => {});
    return answered;
  }

  async #ask(text: string): Promise<void> {
    if (this.#gone !== undefined) throw this.#gone;
    const { answerMs } = this.#timing;
    const deadline = setTimeout(() => this.#lose(new Error(`no answer for ${answerMs} ms`)), answerMs);
    try {
      await this.#client.query(text);
    } catch (error) {
      throw this.#gone ?? error;
    } finally {
      clearTimeout(deadline);
    }
  }

  #lose(cause: Error): void {
    if (this.#gone !== undefined) return;
    this.#gone = new ConnectionLostError("none", "the listening connection was lost", { cause });
    clearInterval(this.#keepalive);
    this.#hangUp();
    this.#onLost(this.#gone);
  }

  #hangUp(): void {
    // pg's own end() waits for the peer; there is no public way to drop a connection at once.
    (this.#client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }
}
