import { createConnection, type Socket } from "node:net";

/** What all connections of a proxy meet. */
export interface Weather {
  stalled: boolean;
  delayMs: number;
}

/** Something on its way: bytes, or the end of what one side sends. */
interface Parcel {
  readonly bytes: Buffer | undefined;
  readonly dueAt: number;
}

/** How much is held back for one direction before its sender is made to wait, as a full network would. */
const HELD_BYTES_MAX = 16 * 1024 * 1024;

/** One connection through a proxy: the client's, and the one to the target, which is made when the first thing may pass. */
export class ProxyLink {
  readonly #client: Socket;
  readonly #target: URL;
  readonly #weather: Weather;
  readonly #onGone: () => void;
  readonly #flows: (() => void)[] = [];
  #server: Socket | undefined;
  #broken = false;
  #gone = false;

  constructor(client: Socket, target: URL, weather: Weather, onGone: () => void) {
    this.#client = client;
    this.#target = target;
    this.#weather = weather;
    this.#onGone = onGone;
    this.#watch(client);
    this.flow();
  }

  /** Goes on with what was held back. */
  flow(): void {
    if (this.#gone || this.#weather.stalled) return;
    if (this.#server === undefined) this.#connect();
    for (const flow of this.#flows) flow();
    if (this.#broken) this.cut();
  }

  cut(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#client.resetAndDestroy();
    this.#server?.resetAndDestroy();
    this.#onGone();
  }

  #connect(): void {
    const host = this.#target.hostname.replace(/^\[|\]$/g, "");
    const server = createConnection({ port: Number(this.#target.port), host, allowHalfOpen: true });
    this.#server = server;
    this.#watch(server);
    this.#pipe(this.#client, server);
    this.#pipe(server, this.#client);
  }

  #watch(socket: Socket): void {
    socket.setNoDelay(true);
    socket.unref();
    // A reset passes at once, unless the network is gone: then nobody learns of anything.
    socket.on("error", () => {
      this.#broken = true;
      if (!this.#weather.stalled) this.cut();
    });
    socket.on("close", () => {
      if (this.#client.destroyed && (this.#server?.destroyed ?? true)) this.#end();
    });
  }

  #end(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#onGone();
  }

  /** Passes on what `from` sends, in order, each when it is due. */
  #pipe(from: Socket, to: Socket): void {
    const parcels: Parcel[] = [];
    let held = 0;
    let timer: NodeJS.Timeout | undefined;
    const flow = (): void => {
      clearTimeout(timer);
      while (!this.#weather.stalled && !this.#gone) {
        const next = parcels[0];
        if (next === undefined) return;
        const early = next.dueAt - Date.now();
        if (early > 0) {
          timer = setTimeout(flow, early);
          timer.unref();
          return;
        }
        parcels.shift();
        if (next.bytes === undefined) to.end();
        else {
          held -= next.bytes.length;
          if (!to.destroyed) to.write(next.bytes);
        }
        if (held < HELD_BYTES_MAX && to.writableLength < HELD_BYTES_MAX) from.resume();
      }
    };
    const take = (bytes: Buffer | undefined): void => {
      held += bytes?.length ?? 0;
      parcels.push({ bytes, dueAt: Date.now() + this.#weather.delayMs });
      if (held >= HELD_BYTES_MAX || to.writableLength >= HELD_BYTES_MAX) from.pause();
      flow();
    };
    from.on("data", take);
    from.on("end", () => take(undefined));
    to.on("drain", () => from.resume());
    this.#flows.push(flow);
  }
}
