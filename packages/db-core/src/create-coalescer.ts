import { Coalescer } from "./coalescer.ts";
import type { Contract, ContractTypes } from "./contract.ts";
import type { ProceduresDatabase, ProcsOfTypes } from "./database.ts";
import { DatabaseHandle } from "./database-handle.ts";
import { OptionError } from "./option-error.ts";

/** What makes one batch procedure serve many single calls. */
export interface GatherOptions<Procs, Call, Row> {
  /** How errors name the call: `kv.set`. */
  readonly label: string;
  /** What the call writes. Calls of one key run one after another, in the order in which they were made. */
  readonly key: (call: Call) => string;
  /** Bytes that the call sends, roughly: what the 1 MiB of a batch is counted in. */
  readonly sizeBytes: (call: Call) => number;
  /**
   * Makes `calls`, at most 100, by one call of one write procedure that takes arrays. They come sorted by key, each key once; the procedure
   * must lock in that order, and be one that may be called again with each call alone if it failed.
   */
  readonly run: (procs: Procs, calls: readonly Call[]) => Promise<readonly Row[]>;
  /** The key that a row of the answer is about: what `key` gave for the call. A call that no row is about resolves to `undefined`. */
  readonly keyOf: (row: Row) => string;
}

/**
 * Makes concurrent small writes of one process travel together: what is called in one tick, or while earlier batches run, is one call of the
 * batch procedure. A call that comes when nothing runs is sent in its own tick.
 *
 * Each call has its own outcome, as if it were alone. A batch waits for a lock for 50 ms. If it fails its calls are made one by one; one that
 * meets a lock waits for it on a connection of its own, at most 4 at once, as long as the role may. A lost connection rejects every call of
 * the batch, `outcome` `"unknown"`.
 *
 * @throws {OptionError} `db` is not what `connect` resolved to: calls in a transaction are never gathered.
 * @returns Makes one call. Throws {@link CoalescerFullError} when 10,000 wait, {@link DatabaseUsedInTransactionError} inside a transaction.
 */
export function createCoalescer<Types extends ContractTypes, Call, Row, Service extends string = string>(
  db: ProceduresDatabase<readonly Contract[], Service>,
  contract: Contract<Types>,
  { label, run, key, sizeBytes, keyOf }: GatherOptions<ProcsOfTypes<Types, Service>, Call, Row>,
): (call: Call) => Promise<Row | undefined> {
  const handle: unknown = db;
  if (!(handle instanceof DatabaseHandle)) throw new OptionError("db", "what connect resolved to", db);
  // What carries the procedures at run time knows of no types.
  const procsOf = (isBrief: boolean) => handle.batchProcsOf(contract, isBrief) as ProcsOfTypes<Types, Service>;
  const [brief, patient] = [procsOf(true), procsOf(false)];
  const coalescer = new Coalescer<Call, Row>({
    key,
    sizeBytes,
    keyOf,
    run: (calls, lockWait) => run(lockWait === "brief" ? brief : patient, calls),
  });
  return (call) => handle.gathered(label, () => coalescer.run(call));
}
