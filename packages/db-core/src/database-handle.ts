import { DatabaseClosedError, type WorkInProgress } from "./closing.ts";
import type { Contract } from "./contract.ts";
import type {
  CallOptions,
  Database,
  ListenOptions,
  QueryResult,
  StopListening,
  Transaction,
  TransactionOptions,
} from "./database.ts";
import { DatabaseError } from "./database-error.ts";
import type { Report } from "./events.ts";
import { iterateOf } from "./iterate.ts";
import { ListenThroughPoolerError } from "./listen-through-pooler-error.ts";
import { Listener } from "./listener.ts";
import type { ServerConnections } from "./open-connections.ts";
import { oneOf } from "./option-error.ts";
import { CompiledProcedure } from "./procedure.ts";
import { ProceduresOnlyError } from "./procedures-only-error.ts";
import { type Invoke, procsOf } from "./procs.ts";
import { ReplicaRouter } from "./replica-router.ts";
import { SchemaTooOldError } from "./schema-too-old-error.ts";
import { isObserved, type Operation, observe } from "./telemetry.ts";
import { runTransaction } from "./transaction.ts";
import { QUERY, TransactionHandle, type TransactionSurroundings } from "./transaction-handle.ts";
import { transactionSettings } from "./transaction-options.ts";
import { refuseInsideTransaction } from "./transaction-scope.ts";
import { checkVersions, NOT_THERE } from "./versions.ts";

/**
 * How long closing waits for what runs before it ends connections under it. Then it may take as long again as opening a connection may, if one
 * is being opened.
 */
const CLOSE_WAIT_MS = 30_000;

/** What `connect` gives back. */
export class DatabaseHandle implements Database, TransactionSurroundings {
  readonly contracts: readonly Contract[];
  readonly proceduresOnly: boolean;
  readonly procs: object;
  readonly iterate: object;
  readonly #connections: ServerConnections;
  readonly #work: WorkInProgress;
  readonly #report: Report;
  readonly #router: ReplicaRouter | undefined;
  readonly #listener: Listener;
  readonly #closeWaitMs: number;
  #closing: Promise<void> | undefined;

  constructor(
    connections: ServerConnections,
    contracts: readonly Contract[],
    proceduresOnly: boolean,
    work: WorkInProgress,
    report: Report,
    closeWaitMs: number = CLOSE_WAIT_MS,
  ) {
    const { replica } = connections;
    this.contracts = contracts;
    this.proceduresOnly = proceduresOnly;
    this.#connections = connections;
    this.#work = work;
    this.#report = report;
    this.#closeWaitMs = closeWaitMs;
    this.#router = replica && new ReplicaRouter(() => replica.probe(), report);
    this.#listener = new Listener(() => connections.openDedicated("listen"), report);
    this.procs = procsOf(contracts, this.#invoke);
    this.iterate = iterateOf(contracts, this.#invoke);
  }

  /** Opens a connection to each server and looks whether this code can work with what is there. */
  async check(): Promise<void> {
    await this.#connections.primary.probe();
    await this.#router?.check();
  }

  procsOf(contract: Contract): object {
    return procsOf([contract], this.#invokeOf(contract));
  }

  iterateOf(contract: Contract): object {
    return iterateOf([contract], this.#invokeOf(contract));
  }

  async query<Row extends object>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>> {
    if (this.proceduresOnly) throw new ProceduresOnlyError("db.query");
    refuseInsideTransaction(this, "db.query");
    return await this.#work.run("db.query", () =>
      this.observed(QUERY, () => this.#connections.primary.query<Row>(text, values)),
    );
  }

  async transaction<Result>(
    callback: (tx: Transaction) => Promise<Result>,
    options?: TransactionOptions,
  ): Promise<Result> {
    const settings = transactionSettings(options);
    refuseInsideTransaction(this, "db.transaction");
    const host = { owner: this, connections: this.#connections, report: this.#report };
    return await this.#work.run("db.transaction", () =>
      runTransaction(host, settings, (level, session) => callback(new TransactionHandle(this, level, session))),
    );
  }

  async listen(channel: string, onPayload: (payload: string) => void, options?: ListenOptions): Promise<StopListening> {
    if (this.#closing !== undefined) throw new DatabaseClosedError("db.listen");
    if (this.#connections.poolerMode === "transaction") throw new ListenThroughPoolerError(channel);
    return await this.#listener.listen(channel, onPayload, options);
  }

  /** Makes a call that is sent in a batch. Refused and counted like any other: the batches themselves, which belong to many, are neither. */
  async gathered<Result>(call: string, work: () => Promise<Result>): Promise<Result> {
    refuseInsideTransaction(this, call);
    return await this.#work.run(call, work);
  }

  /** The callers that batches are sent with. `brief`: with {@link BRIEF_LOCKS}. */
  batchProcsOf(contract: Contract, brief: boolean): object {
    const { primary } = this.#connections;
    return procsOf([contract], (procedure, args) =>
      this.observed(procedure, () => primary.writeBatch(brief ? procedure.brief : procedure, args)),
    );
  }

  /** What a call failed with; where the database lacks what it named, because it is too old for the contract, that. */
  async explained(error: unknown, contract: Contract): Promise<unknown> {
    if (!(error instanceof DatabaseError && NOT_THERE.has(error.sqlstate))) return error;
    // Not on the pool: inside a transaction its only connection may be taken, and what failed is undone.
    const look = async (): Promise<void> => {
      const client = await this.#connections.openDedicated("version");
      await checkVersions(client, [contract]).finally(() => client.end());
    };
    try {
      await this.#work.run("version", look);
      return error;
    } catch (found) {
      return found instanceof SchemaTooOldError ? new SchemaTooOldError(found.namespaces, { cause: error }) : error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    // The transaction would wait for its callback, which waits for the end of the transaction.
    refuseInsideTransaction(this, "db.close");
    this.#closing ??= this.#close();
    await this.#closing;
  }

  observed<Result>(what: Operation | CompiledProcedure, work: () => Promise<Result>): Promise<Result> {
    if (!isObserved()) return work();
    const operation = what instanceof CompiledProcedure ? operationOf(what) : what;
    return observe(this.#connections.primary.address, operation, work);
  }

  readonly #invoke = (
    procedure: CompiledProcedure,
    args: object | undefined,
    options: CallOptions | undefined,
  ): Promise<unknown> => {
    try {
      refuseInsideTransaction(this, procedure.databasePath);
      if (isObserved()) return this.observed(procedure, () => this.#send(procedure, args, options));
      return this.#send(procedure, args, options);
    } catch (error) {
      return Promise.reject(error);
    }
  };

  /** Of a contract that `connect` was not given, nobody knows yet whether the database has its version. */
  #invokeOf(contract: Contract): Invoke {
    if (this.contracts.includes(contract)) return this.#invoke;
    return (procedure, args, options) =>
      this.#invoke(procedure, args, options).catch(async (error: unknown) => {
        throw await this.explained(error, contract);
      });
  }

  #send(procedure: CompiledProcedure, args: object | undefined, options: CallOptions | undefined): Promise<unknown> {
    const { primary, replica } = this.#connections;
    const signal = options?.signal;
    if (!procedure.isRead) return primary.write(procedure, args, signal);
    const consistency = options?.consistency;
    if (consistency !== undefined) oneOf("consistency", consistency, ["any", "primary"]);
    if (this.#router === undefined || replica === undefined || consistency === "primary")
      return primary.read(procedure, args, signal);
    return this.#router.read(
      () => replica.read(procedure, args, signal),
      () => primary.read(procedure, args, signal),
    );
  }

  async #close(): Promise<void> {
    const inTime = await this.#work.close(this.#closeWaitMs);
    await Promise.all([
      this.#listener.close(),
      this.#router?.settled(),
      this.#connections.close(inTime ? "gently" : "at once"),
    ]);
  }
}

function operationOf({ spec }: CompiledProcedure): Operation {
  const name = `${spec.schema}.${spec.name}`;
  return {
    summary: `CALL ${name}`,
    attributes: { "db.operation.name": "CALL", "db.stored_procedure.name": name },
  };
}
