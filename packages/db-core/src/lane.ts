import type { Socket } from "node:net";
import type { Client } from "pg";
import type { Call } from "./call.ts";
import { type Carrier, type Manner, ProcedureQuery } from "./procedure-query.ts";
import type { Wire } from "./wire.ts";
import { wireOf } from "./wires.ts";

/** How long a lane's last answers and the server's goodbye may take. */
const GOODBYE_MS = 5_000;

/** What a lane tells its owner. */
export interface LaneOwner {
  /** An answer came, so there is room. */
  progressed(): void;
  lost(lane: Lane): void;
}

/** One pipelined, read-only connection: calls are sent without waiting for the answers to those before, which come in order. */
export class Lane implements Carrier {
  readonly #client: Client;
  readonly #wire: Wire;
  readonly #manner: Manner;
  readonly #owner: LaneOwner;
  #oldest: ProcedureQuery | undefined;
  #newest: ProcedureQuery | undefined;
  #inFlight = 0;
  #answered = 0;
  #answeredAtLook = -1;
  #looksAtOldest = 0;
  #lost = false;

  constructor(client: Client, manner: Manner, owner: LaneOwner) {
    this.#client = client;
    this.#wire = wireOf(client);
    this.#manner = manner;
    this.#owner = owner;
    client.on("error", () => this.#lose());
    client.on("end", () => this.#lose());
  }

  /** Calls sent and not answered. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether something is being sent in this tick: one more call costs no further write, here and at the server. */
  get sending(): boolean {
    return this.#wire.leaving;
  }

  /** A call has been running here for longer than a look apart: what is sent now would wait for it. */
  get heldUp(): boolean {
    return this.#looksAtOldest > 0;
  }

  send(call: Call): void {
    const query = new ProcedureQuery(call, this, this.#wire, this.#manner);
    if (this.#newest === undefined) this.#oldest = query;
    else this.#newest.next = query;
    this.#newest = query;
    this.#inFlight += 1;
    this.#client.query(query as never);
  }

  done(query: ProcedureQuery): void {
    this.#oldest = query.next;
    if (this.#oldest === undefined) this.#newest = undefined;
    this.#inFlight -= 1;
    this.#answered += 1;
    this.#looksAtOldest = 0;
    this.#owner.progressed();
  }

  /** Called at equal distances. Answers how many times in a row the same call was found running. */
  look(): number {
    const same = this.#inFlight > 0 && this.#answered === this.#answeredAtLook;
    this.#looksAtOldest = same ? this.#looksAtOldest + 1 : 0;
    this.#answeredAtLook = this.#answered;
    return this.#looksAtOldest;
  }

  /** Whether the connection keeps the process from ending. */
  hold(held: boolean): void {
    const socket = this.#client.connection.stream as Socket;
    if (held) socket.ref();
    else socket.unref();
  }

  /** The unsettled calls behind the one that runs. */
  callsBehind(): Call[] {
    const calls: Call[] = [];
    for (let query = this.#oldest?.next; query !== undefined; query = query.next)
      if (!query.call.settled && query.call.query === query) calls.push(query.call);
    return calls;
  }

  /** Ends once what was sent is answered. */
  async close(): Promise<void> {
    this.hold(true);
    // A peer that vanished does not answer to a goodbye either.
    const late = setTimeout(() => this.destroy(), GOODBYE_MS);
    await this.#client.end();
    clearTimeout(late);
  }

  /** Ends at once. What is in flight fails with a lost connection. */
  destroy(): void {
    this.#client.connection.stream.destroy(new Error("the server did not answer for too long"));
  }

  #lose(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#owner.lost(this);
  }
}
