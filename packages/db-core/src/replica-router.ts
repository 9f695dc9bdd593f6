import { DatabaseError } from "./database-error.ts";
import { ConnectionLostError } from "./database-errors/connection-lost.ts";
import type { Report } from "./events.ts";
import { PoolBusyError } from "./pool-busy-error.ts";
import { SchemaTooOldError } from "./schema-too-old-error.ts";
import { SQLSTATE } from "./sqlstate.ts";
import { TooManyCallsError } from "./too-many-calls-error.ts";

/** Bounds of the wait between two looks whether the replica is back. */
const PROBE_FIRST_MS = 100;
const PROBE_MAX_MS = 10_000;

/**
 * Refusals that another server may not repeat, by SQLSTATE. `gone`: it lets nobody in. `lag`: it does not have yet what the primary has (a
 * schema, a function, a grant). `once`: this statement met the replay, or needs what no standby can do; the next one need not.
 */
const REFUSALS: ReadonlyMap<string, "gone" | "lag" | "once"> = new Map([
  [SQLSTATE.invalidAuthorizationSpecification, "gone"],
  [SQLSTATE.invalidPassword, "gone"],
  [SQLSTATE.invalidCatalogName, "gone"],
  [SQLSTATE.tooManyConnections, "gone"],
  [SQLSTATE.configurationLimitExceeded, "gone"],
  [SQLSTATE.invalidSchemaName, "lag"],
  [SQLSTATE.undefinedFunction, "lag"],
  [SQLSTATE.undefinedTable, "lag"],
  [SQLSTATE.undefinedColumn, "lag"],
  [SQLSTATE.insufficientPrivilege, "lag"],
  [SQLSTATE.readOnlySqlTransaction, "once"],
  [SQLSTATE.serializationFailure, "once"],
  [SQLSTATE.deadlockDetected, "once"],
  [SQLSTATE.objectNotInPrerequisiteState, "once"],
  [SQLSTATE.featureNotSupported, "once"],
]);

/**
 * Sends reads to the replica while it is fit for them, and to the primary otherwise: no call fails because of the replica. Whether it is fit
 * again is looked at when a read comes by, one look at a time, ever more rarely while it isn't; no timer runs.
 */
export class ReplicaRouter {
  readonly #probe: () => Promise<void>;
  readonly #report: Report;
  #up = true;
  #probing: Promise<void> | undefined;
  #probes = 0;
  #nextProbeAt = 0;

  /** `probe` opens a connection to the replica and checks that it has every namespace's S. */
  constructor(probe: () => Promise<void>, report: Report) {
    this.#probe = probe;
    this.#report = report;
  }

  /** Whether reads go to the replica now. */
  get up(): boolean {
    return this.#up;
  }

  /** Makes one read. */
  async read<Result>(onReplica: () => Promise<Result>, onPrimary: () => Promise<Result>): Promise<Result> {
    if (!this.#up) {
      this.#probeIfDue();
      return await onPrimary();
    }
    try {
      const result = await onReplica();
      this.#probes = 0;
      return result;
    } catch (error) {
      const fault = faultOf(error);
      if (fault === undefined) throw error;
      if (fault === "gone") this.#lose(error as Error);
      const result = await onPrimary();
      // Only now is it known that the call itself was right, and the replica behind.
      if (fault === "lag") this.#lose(error as Error);
      return result;
    }
  }

  /** The first look, made by `connect`: a replica that can't be used yet is no reason not to start. */
  async check(): Promise<void> {
    try {
      await this.#probe();
    } catch (error) {
      this.#lose(error as Error);
    }
  }

  /** Resolves when no look is under way. */
  async settled(): Promise<void> {
    await this.#probing;
  }

  #lose(error: Error): void {
    if (!this.#up) return;
    this.#up = false;
    this.#schedule();
    this.#report({ type: "replica-lost", error });
  }

  #schedule(): void {
    const boundMs = Math.min(PROBE_MAX_MS, PROBE_FIRST_MS * 2 ** Math.min(this.#probes, 20));
    this.#probes += 1;
    // Half of it is jitter: the many processes of one service do not all look at once.
    this.#nextProbeAt = performance.now() + (boundMs * (1 + Math.random())) / 2;
  }

  #probeIfDue(): void {
    if (this.#probing !== undefined || performance.now() < this.#nextProbeAt) return;
    this.#probing = this.#look().finally(() => {
      this.#probing = undefined;
    });
  }

  async #look(): Promise<void> {
    try {
      await this.#probe();
    } catch {
      // It was reported when the replica was lost, and stays so.
      this.#schedule();
      return;
    }
    this.#up = true;
    this.#report({ type: "replica-back" });
  }
}

/** What an error of a read says about the replica; nothing: the read's own failure. */
function faultOf(error: unknown): "gone" | "lag" | "once" | undefined {
  if (error instanceof ConnectionLostError) return "gone";
  if (error instanceof SchemaTooOldError) return "lag";
  // It may only have much to do. If it has stopped answering, what waits for it will say so.
  if (error instanceof PoolBusyError || error instanceof TooManyCallsError) return "once";
  if (error instanceof DatabaseError) return REFUSALS.get(error.sqlstate);
  return undefined;
}
