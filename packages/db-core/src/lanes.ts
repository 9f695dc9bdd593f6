import type { Client } from "pg";
import type { Call, Sender } from "./call.ts";
import { Lane, type LaneOwner } from "./lane.ts";
import type { Manner } from "./procedure-query.ts";
import { TooManyCallsError } from "./too-many-calls-error.ts";

/** Lanes open as long as none is held up, and the most there are. */
const LANES_USUAL = 2;
const LANES_MAX = 4;

/** Calls in flight on the least busy lane that are reason to open another. */
const BUSY = 4;

/** Calls that a lane may have in flight more than another if it is sending anyway: they travel together. */
const TOGETHER = 4;

/** Calls in flight on a lane. What comes beyond that waits here, but no more of it than the second. */
const DEPTH_MAX = 128;
const WAITING_MAX = 10_000;

/** A call that is found running at two looks in a row has run for one to two times this: it holds the lane up. */
const LOOK_EVERY_MS = 50;

/** Times a call is taken from behind a slow one: to another lane, then to a connection of its own. */
const MOVES_MAX = 2;

/** Beyond the server's own limit for a statement: then the server isn't there any more. */
const DEAD_AFTER_MS = 5_000;

const MANNER: Manner = { guarded: false, named: true };

/** What lanes need of their surroundings. */
export interface LanesOptions {
  open(): Promise<Client>;
  /** Takes calls that found every lane held up, and gives each a connection of its own. */
  readonly overflow: Sender;
  /** 0: no limit. */
  readonly statementTimeoutMs: number;
}

/**
 * The pipelined connections of one server, for reads. Opened as they are needed. The least busy one takes a call; one that is held up by a
 * slow call takes none, and what was sent behind the slow call is sent again elsewhere, which a read allows.
 */
export class Lanes implements Sender, LaneOwner {
  readonly #options: LanesOptions;
  readonly #lanes: Lane[] = [];
  readonly #waiting: Call[] = [];
  readonly #looksMax: number;
  #opening = false;
  #closed = false;
  #looking: NodeJS.Timeout | undefined;

  constructor(options: LanesOptions) {
    this.#options = options;
    const { statementTimeoutMs } = options;
    this.#looksMax = statementTimeoutMs === 0 ? Infinity : (statementTimeoutMs + DEAD_AFTER_MS) / LOOK_EVERY_MS;
  }

  send(call: Call): void {
    if (this.#looking === undefined) this.#startLooking();
    const lane = this.#leastBusy();
    if (lane !== undefined) {
      if (lane.inFlight >= BUSY && this.#lanes.length < LANES_USUAL) this.#openAnother();
      lane.send(call);
    } else if (this.#allHeldUp()) {
      this.#options.overflow.send(call);
    } else if (this.#waiting.length < WAITING_MAX) {
      this.#waiting.push(call);
      if (this.#lanes.every((each) => each.heldUp)) this.#openAnother();
    } else {
      call.fail(new TooManyCallsError(this.#waiting.length, "a pipelined connection"));
    }
  }

  progressed(): void {
    if (this.#waiting.length > 0) this.#sendWaiting();
  }

  lost(lane: Lane): void {
    const at = this.#lanes.indexOf(lane);
    if (at >= 0) this.#lanes.splice(at, 1);
    if (this.#waiting.length > 0 && this.#lanes.length === 0) this.#openAnother();
  }

  /** Closes each lane once what was sent on it is answered. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopLooking();
    await Promise.all(this.#lanes.splice(0).map((lane) => lane.close()));
  }

  /** Closes each lane at once. */
  destroy(): void {
    for (const lane of [...this.#lanes]) lane.destroy();
  }

  #leastBusy(): Lane | undefined {
    let best: Lane | undefined;
    let least = Infinity;
    for (const lane of this.#lanes) {
      const load = lane.sending ? lane.inFlight - TOGETHER : lane.inFlight;
      if (load >= least || lane.heldUp || lane.inFlight >= DEPTH_MAX) continue;
      best = lane;
      least = load;
    }
    return best;
  }

  #allHeldUp(): boolean {
    return this.#lanes.length >= LANES_MAX && this.#lanes.every((lane) => lane.heldUp);
  }

  #sendWaiting(): void {
    let sent = 0;
    for (const call of this.#waiting) {
      const lane = call.settled ? undefined : this.#leastBusy();
      if (lane === undefined && !call.settled) break;
      lane?.send(call);
      sent += 1;
    }
    this.#waiting.splice(0, sent);
  }

  #openAnother(): void {
    if (this.#opening || this.#closed || this.#lanes.length >= LANES_MAX) return;
    this.#opening = true;
    this.#options.open().then(
      (client) => {
        this.#opening = false;
        const lane = new Lane(client, MANNER, this);
        this.#lanes.push(lane);
        lane.hold(this.#looking !== undefined);
        if (this.#closed) void lane.close();
        this.#sendWaiting();
      },
      (error: unknown) => {
        this.#opening = false;
        if (this.#lanes.length === 0) for (const call of this.#waiting.splice(0)) call.fail(error);
        else if (this.#lanes.every((lane) => lane.heldUp))
          for (const call of this.#waiting.splice(0)) this.#options.overflow.send(call);
      },
    );
  }

  /** Runs only while calls are in flight. As long, and a look longer, the lanes keep the process from ending. */
  #startLooking(): void {
    for (const lane of this.#lanes) lane.hold(true);
    // Answers that have arrived are read first: a process that was busy itself must not take its server for slow.
    this.#looking = setInterval(() => setImmediate(() => this.#look()), LOOK_EVERY_MS);
    this.#looking.unref();
  }

  #stopLooking(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #look(): void {
    let busy = this.#waiting.length > 0;
    for (const lane of [...this.#lanes]) {
      const looks = lane.look();
      busy ||= lane.inFlight > 0;
      if (looks > this.#looksMax) lane.destroy();
      else if (looks > 0) this.#rescue(lane);
    }
    if (busy) return;
    this.#stopLooking();
    for (const lane of this.#lanes) lane.hold(false);
  }

  #rescue(lane: Lane): void {
    for (const call of lane.callsBehind()) {
      if (call.moves >= MOVES_MAX) continue;
      call.moves += 1;
      if (call.moves === MOVES_MAX) this.#options.overflow.send(call);
      else this.send(call);
    }
    if (this.#lanes.every((each) => each.heldUp)) this.#openAnother();
  }
}
