import type { Session } from "./connections.ts";
import type { Contract } from "./contract.ts";
import type { CallOptions, QueryResult, Transaction, TransactionOptions } from "./database.ts";
import { iterateOf } from "./iterate.ts";
import type { CompiledProcedure } from "./procedure.ts";
import { ProceduresOnlyError } from "./procedures-only-error.ts";
import { type Invoke, procsOf } from "./procs.ts";
import type { Operation } from "./telemetry.ts";
import type { TransactionLevel } from "./transaction-level.ts";
import { nestedSettings } from "./transaction-options.ts";

/** What transactions share with the Database they are of. */
export interface TransactionSurroundings {
  readonly contracts: readonly Contract[];
  readonly proceduresOnly: boolean;
  /** Reports what `work` does to telemetry. */
  observed<Result>(operation: Operation | CompiledProcedure, work: () => Promise<Result>): Promise<Result>;
  /** What is thrown for an error of a call of a contract that was not checked when the Database was connected. */
  explained(error: unknown, contract: Contract): Promise<unknown>;
}

/** What a transaction's callback is given. */
export class TransactionHandle implements Transaction {
  readonly #surroundings: TransactionSurroundings;
  readonly #level: TransactionLevel;
  readonly #session: Session;
  #procs: object | undefined;
  #iterate: object | undefined;

  constructor(surroundings: TransactionSurroundings, level: TransactionLevel, session: Session) {
    this.#surroundings = surroundings;
    this.#level = level;
    this.#session = session;
  }

  get procs(): object {
    this.#procs ??= procsOf(this.#surroundings.contracts, this.#invoke);
    return this.#procs;
  }

  get iterate(): object {
    this.#iterate ??= iterateOf(this.#surroundings.contracts, this.#invoke);
    return this.#iterate;
  }

  procsOf(contract: Contract): object {
    return procsOf([contract], this.#invokeOf(contract));
  }

  iterateOf(contract: Contract): object {
    return iterateOf([contract], this.#invokeOf(contract));
  }

  async query<Row extends object>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>> {
    if (this.#surroundings.proceduresOnly) throw new ProceduresOnlyError("tx.query");
    return await this.#level.run("tx.query", () =>
      this.#surroundings.observed(QUERY, () => this.#session.query<Row>(text, values)),
    );
  }

  async transaction<Result>(
    callback: (tx: Transaction) => Promise<Result>,
    options?: TransactionOptions,
  ): Promise<Result> {
    const { readOnly } = nestedSettings(options);
    return await this.#level.nest(readOnly, (level) =>
      callback(new TransactionHandle(this.#surroundings, level, this.#session)),
    );
  }

  afterCommit(callback: () => void | Promise<void>): void {
    this.#level.afterCommit(callback);
  }

  #invokeOf(contract: Contract): Invoke {
    if (this.#surroundings.contracts.includes(contract)) return this.#invoke;
    return (procedure, args, options) =>
      this.#invoke(procedure, args, options).catch(async (error: unknown) => {
        throw await this.#surroundings.explained(error, contract);
      });
  }

  readonly #invoke = async (
    procedure: CompiledProcedure,
    args: object | undefined,
    options: CallOptions | undefined,
  ): Promise<unknown> => {
    const run = (): Promise<unknown> =>
      this.#level.run(procedure.transactionPath, () =>
        this.#surroundings.observed(procedure, () => this.#session.call(procedure, args)),
      );
    return await (options?.signal === undefined ? run() : abandonable(options.signal, run));
  };
}

/** The answer may come to nobody: the call stands, and the transaction's next call waits for it. */
async function abandonable<Result>(signal: AbortSignal, run: () => Promise<Result>): Promise<Result> {
  signal.throwIfAborted();
  let abandon = (): void => {};
  try {
    return await new Promise<Result>((resolve, reject) => {
      abandon = (): void => reject(signal.reason);
      signal.addEventListener("abort", abandon, { once: true });
      run().then(resolve, reject);
    });
  } finally {
    signal.removeEventListener("abort", abandon);
  }
}

/** Plain SQL, whose text says nothing that a name could. */
export const QUERY: Operation = { summary: "QUERY", attributes: {} };
