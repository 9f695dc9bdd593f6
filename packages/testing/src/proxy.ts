import { createServer, type Server, type Socket } from "node:net";
import { checkInteger } from "./check-option.ts";
import { OptionError, TimeoutError } from "./errors.ts";
import { ProxyLink, type Weather } from "./proxy-link.ts";

export interface ProxyOptions {
  /** Where to forward to: a URL with a host and a port, such as a server's. */
  readonly target: string;
}

const WAIT_MS = 30_000;

/**
 * A TCP proxy on 127.0.0.1 that can do to connections what networks do.
 *
 * @throws {OptionError} The target is no URL with a host and a port. Nothing was started.
 */
export async function startProxy(options: ProxyOptions): Promise<TcpProxy> {
  const target = URL.canParse(options.target) ? new URL(options.target) : undefined;
  if (target === undefined || target.hostname === "" || target.port === "") {
    throw new OptionError("target", "a URL with a host and a port", "(not shown)");
  }
  const proxy = new TcpProxy(target);
  await proxy.accept();
  return proxy;
}

/** Made by {@link startProxy}. It keeps no process alive. */
export class TcpProxy {
  readonly #target: URL;
  readonly #links = new Set<ProxyLink>();
  readonly #watchers = new Set<() => void>();
  readonly #weather: Weather = { stalled: false, delayMs: 0 };
  #listener: Server | undefined;
  #port = 0;
  #accepted = 0;

  /** @internal */
  constructor(target: URL) {
    this.#target = target;
  }

  get port(): number {
    return this.#port;
  }

  /** The target's URL by way of the proxy. */
  get url(): string {
    const url = new URL(this.#target);
    url.hostname = "127.0.0.1";
    url.port = String(this.#port);
    return url.href;
  }

  /** How many connections there were since the start. */
  get accepted(): number {
    return this.#accepted;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#links.size;
  }

  /**
   * Resolves when exactly `count` connections are open.
   *
   * @throws {TimeoutError} There were not within `waitMs`, by default 30,000.
   */
  async connections(count: number, { waitMs = WAIT_MS }: { readonly waitMs?: number } = {}): Promise<void> {
    checkInteger("count", count, 0, 1_000_000);
    checkInteger("waitMs", waitMs, 1, 3_600_000);
    if (this.open === count) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(look);
        reject(
          new TimeoutError(
            `The proxy has ${this.open} connections open and not ${count}: it did not come to that`,
            waitMs,
          ),
        );
      }, waitMs);
      const look = (): void => {
        if (this.open !== count) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  /** Resets every open connection at both ends. New ones are taken. */
  cut(): void {
    for (const link of [...this.#links]) link.cut();
  }

  /**
   * Lets nothing through in either direction, as if the network were gone without a word: connections are taken, bytes are
   * taken, ends are noticed, and none of it is passed on until {@link resume}.
   */
  stall(): void {
    this.#weather.stalled = true;
  }

  /** Ends {@link stall}. What was held back arrives, in order. */
  resume(): void {
    this.#weather.stalled = false;
    for (const link of this.#links) link.flow();
  }

  /** Passes on from now on everything so much later, in both directions; 0 to 60,000. */
  delay(delayMs: number): void {
    checkInteger("delayMs", delayMs, 0, 60_000);
    this.#weather.delayMs = delayMs;
  }

  /** Refuses new connections, as a host does on which nothing listens, until {@link accept}. Open ones stay. */
  async refuse(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.close();
  }

  /** Takes connections again, on the same port. Does nothing while they are taken. */
  async accept(): Promise<void> {
    if (this.#listener !== undefined) return;
    const listener = createServer({ allowHalfOpen: true }, (client) => this.#take(client));
    this.#listener = listener;
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen({ port: this.#port, host: "127.0.0.1" }, resolve);
    });
    listener.unref();
    const address = listener.address();
    if (address !== null && typeof address === "object") this.#port = address.port;
  }

  /** Resets every connection and takes no more. May be called again. */
  async close(): Promise<void> {
    await this.refuse();
    this.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #take(client: Socket): void {
    this.#accepted += 1;
    const link = new ProxyLink(client, this.#target, this.#weather, () => {
      this.#links.delete(link);
      this.#changed();
    });
    this.#links.add(link);
    this.#changed();
  }

  #changed(): void {
    for (const look of [...this.#watchers]) look();
  }
}
