import { abandonable } from "./abandon.ts";
import type { Session } from "./connections.ts";
import type { Contract, ContractTypes } from "./contract.ts";
import type { QueryResult, Transaction, TransactionOptions } from "./database.ts";
import { iterateOf } from "./iterate.ts";
import { type Invoke, procsOf } from "./procs.ts";
import type { TransactionLevel } from "./transaction-level.ts";
import { nestedSettings } from "./transaction-options.ts";

/** What a transaction's callers are made of. */
export interface TransactionParts {
  readonly contracts: readonly Contract[];
  readonly session: Session;
  /** Throws where plain SQL is not allowed. */
  readonly checkQuery: () => void;
}

/** The `tx` of a callback: each call goes to the transaction's connection, when it is its turn. */
export class OpenTransaction implements Transaction {
  readonly #parts: TransactionParts;
  readonly #level: TransactionLevel;
  readonly #invoke: Invoke;
  #procs: object | undefined;
  #iterate: object | undefined;

  constructor(parts: TransactionParts, level: TransactionLevel) {
    this.#parts = parts;
    this.#level = level;
    // Where it reads is decided: in the transaction.
    this.#invoke = (procedure, args, options) =>
      abandonable(options?.signal, () =>
        level.run(`tx.procs.${procedure.label}`, () => parts.session.call(procedure, args)),
      );
  }

  get procs(): object {
    this.#procs ??= procsOf(this.#parts.contracts, this.#invoke);
    return this.#procs;
  }

  get iterate(): object {
    this.#iterate ??= iterateOf(this.#parts.contracts, this.#invoke);
    return this.#iterate;
  }

  procsOf<Types extends ContractTypes>(contract: Contract<Types>): Types["shared"] {
    return procsOf([contract], this.#invoke);
  }

  async query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>> {
    this.#parts.checkQuery();
    return await this.#level.run("tx.query", () => this.#parts.session.query<Row>(text, values));
  }

  async transaction<Result>(
    callback: (tx: Transaction) => Promise<Result>,
    options?: TransactionOptions,
  ): Promise<Result> {
    const { readOnly } = nestedSettings(options);
    return await this.#level.nest(readOnly, (level) => callback(new OpenTransaction(this.#parts, level)));
  }

  afterCommit(callback: () => void | Promise<void>): void {
    this.#level.afterCommit(callback);
  }
}
