/** One call that waits for its batch. */
export interface Waiting<Call> {
  readonly call: Call;
  readonly key: string;
  readonly sizeBytes: number;
}

/**
 * Which calls go into the next batch: in order of arrival, and never two of one key, neither in one batch nor in two that run at once.
 * What a call costs here does not grow with how many wait.
 */
export class CoalescerQueue<Call, Entry extends Waiting<Call>> {
  /** Calls that may run now: of each key that does not run, the first. */
  readonly #ready: Entry[] = [];
  #readyFrom = 0;

  /** For each key that is ready or runs, the calls behind it. */
  readonly #behind: Map<string, Entry[]> = new Map();

  #length = 0;

  /** Calls that wait, running ones not counted. */
  get length(): number {
    return this.#length;
  }

  add(entry: Entry): void {
    this.#length += 1;
    const behind = this.#behind.get(entry.key);
    if (behind === undefined) {
      this.#behind.set(entry.key, []);
      this.#ready.push(entry);
    } else {
      behind.push(entry);
    }
  }

  /** Takes the next batch, sorted by key, so that any two batches lock in one order. Empty: nothing can run now. */
  take(callsMax: number, bytesMax: number): Entry[] {
    const batch: Entry[] = [];
    let bytes = 0;
    while (batch.length < callsMax) {
      const next = this.#ready[this.#readyFrom];
      if (next === undefined) break;
      // A call above the limit by itself goes alone: refusing it is the table's business.
      if (batch.length > 0 && bytes + next.sizeBytes > bytesMax) break;
      bytes += next.sizeBytes;
      batch.push(next);
      this.#readyFrom += 1;
    }
    this.#length -= batch.length;
    this.#compact();
    return batch.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** The entry's call is over: the next one of its key may run. */
  finish(entry: Entry): void {
    const behind = this.#behind.get(entry.key);
    const next = behind?.shift();
    if (next === undefined) this.#behind.delete(entry.key);
    else this.#ready.push(next);
  }

  #compact(): void {
    if (this.#readyFrom < 1_000 && this.#readyFrom < this.#ready.length) return;
    this.#ready.splice(0, this.#readyFrom);
    this.#readyFrom = 0;
  }
}
