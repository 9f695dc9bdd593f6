import type { Contract, ContractTypes } from "./contract.ts";

/** Turns a union into an intersection: the contracts' interfaces become one. */
type Intersection<Union> = (Union extends unknown ? (value: Union) => void : never) extends (value: infer All) => void
  ? All
  : never;

type TypesOf<Contracts extends readonly Contract[]> = NonNullable<Contracts[number]["~types"]>;

/** Of each contract that knows the service, its procedures. Of the others nothing: `unknown` would swallow the rest of the union. */
type OwnOf<Types, Service extends string> = Types extends { readonly services: infer Services }
  ? Service extends keyof Services
    ? Services[Service]
    : never
  : never;

/** Of one contract, a service's own write procedures. Nobody in particular has none, which is known before the contract is. */
type OwnProcs<Types extends ContractTypes, Service extends string> = string extends Service
  ? unknown
  : Types extends { readonly services: { readonly [Name in Service]: infer Own } }
    ? Own
    : unknown;

/** What a service may call of one contract. */
export type ProcsOfTypes<Types extends ContractTypes, Service extends string> = Types["shared"] &
  OwnProcs<Types, Service>;

/** What `db.procs` offers to a service: shared procedures of every contract, and its own write procedures. */
export type ProcsOf<Contracts extends readonly Contract[], Service extends string> = [Contracts[number]] extends [never]
  ? object
  : Intersection<TypesOf<Contracts>["shared"]> & Intersection<OwnOf<TypesOf<Contracts>, Service>>;

/** What `db.iterate` offers: the keyset-paged lists of every contract. */
export type IterateOf<Contracts extends readonly Contract[]> = [Contracts[number]] extends [never]
  ? object
  : Intersection<TypesOf<Contracts>["iterate"]>;

/** How one call is made. */
export interface CallOptions {
  /**
   * Where a read procedure reads. `primary`: sees every write acknowledged before the call. `any`: the read pool, where there is one.
   *
   * @defaultValue `"any"`
   */
  readonly consistency?: "any" | "primary" | undefined;
  /** Abandons the answer: the call rejects with the signal's reason, and what it did on the server stands. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * How a keyset-paged list is read. The list ends on a short page, so its procedure has to give as many rows as it is asked for, or all that are
 * left: one that cuts a page of its own accord ends the list early, without a word.
 */
export interface IterateOptions extends CallOptions {
  /**
   * Rows fetched at once, from 1 to 10,000.
   *
   * @defaultValue `500`
   */
  readonly pageSize?: number | undefined;
}

/** A procedure that takes arguments, as generated code types it. */
export type Procedure<Args, Result> = (args: Args, options?: CallOptions) => Promise<Result>;

/** A procedure that takes none, or only arguments that may be left out. */
export type ProcedureOptional<Args, Result> = (args?: Args, options?: CallOptions) => Promise<Result>;

/** A keyset-paged list, as generated code types it. */
export type Iterate<Args, Row> = (args: Args, options?: IterateOptions) => AsyncIterableIterator<Row>;

/** A keyset-paged list whose arguments may all be left out. */
export type IterateOptional<Args, Row> = (args?: Args, options?: IterateOptions) => AsyncIterableIterator<Row>;

/** What plain SQL gives back. */
export interface QueryResult<Row> {
  readonly rows: Row[];
  /** Rows affected or returned; `null` for a command that counts none. */
  readonly rowCount: number | null;
}

/**
 * Where procedures can be called: a {@link Database} or a {@link Transaction}, with plain SQL or without. Every package's object takes any of
 * them.
 */
export interface Caller<Contracts extends readonly Contract[] = readonly Contract[], Service extends string = string> {
  readonly procs: ProcsOf<Contracts, Service>;
  readonly iterate: IterateOf<Contracts>;
  /**
   * Typed callers of a contract that was given to `connect`, or not: what packages use, whatever the application listed. The version of one that
   * was not given is looked at when a call finds that something is not there: then it fails with a {@link SchemaTooOldError}.
   */
  procsOf<Types extends ContractTypes>(contract: Contract<Types>): ProcsOfTypes<Types, Service>;
  /** The lists of a contract, likewise. */
  iterateOf<Types extends ContractTypes>(contract: Contract<Types>): Types["iterate"];
  /** Never set at run time: carries who calls. */
  readonly "~service"?: Service;
  /**
   * Runs `callback` in a transaction: committed when it returns, undone when it throws. On a {@link Transaction} it is a nested one, a
   * savepoint: undone alone when it throws. While a nested one is open the outer one can't be called on.
   *
   * @throws {DatabaseUsedInTransactionError} Inside the callback of one of this database's own transactions: nest with `tx.transaction`.
   * @throws {TransactionAbortedError} The callback caught the error of a statement, which had made the server give everything up.
   * @throws {ConnectionLostError} With `outcome` `"unknown"` if the connection was lost at COMMIT, `"none"` if before.
   */
  transaction<Result>(
    callback: (tx: ProceduresTransaction<Contracts, Service>) => Promise<Result>,
    options?: TransactionOptions,
  ): Promise<Result>;
}

/** Plain SQL, for applications that want it. */
export interface Queries {
  /**
   * One statement with values, on a connection of the pool, or in the transaction. Values come back as they do from procedures.
   *
   * @throws {DatabaseError}
   */
  query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>>;
}

/** How a transaction runs. */
export interface TransactionOptions {
  /**
   * Not allowed on a nested transaction, which is a savepoint of the outer one.
   *
   * @defaultValue `"read committed"`
   */
  readonly isolation?: "read committed" | "repeatable read" | "serializable" | undefined;
  /**
   * Times to run the whole callback again after a serialization failure or a deadlock, from 0 to 100. The callback must be safe to run again.
   * Not allowed on a nested transaction: only the whole can be run again.
   *
   * @defaultValue `0`
   */
  readonly retries?: number | undefined;
  /** @defaultValue `false` */
  readonly readOnly?: boolean | undefined;
  /**
   * Calls on the `Database` inside the callback, which are not part of the transaction, are made and not refused. Not allowed on a nested
   * transaction.
   *
   * @defaultValue `false`
   */
  readonly allowDatabaseCalls?: boolean | undefined;
}

/** A transaction of a Database that was connected with `proceduresOnly`. */
export interface ProceduresTransaction<
  Contracts extends readonly Contract[] = readonly Contract[],
  Service extends string = string,
> extends Caller<Contracts, Service> {
  /**
   * Runs `callback` once COMMIT was acknowledged, and never after a rollback, to a savepoint too. Callbacks run in order, each when the one
   * before it has ended, before `transaction` resolves, and no longer inside the transaction. One that throws leaves the transaction
   * committed and successful: it is reported as the event `callback-failed`, and the next one runs.
   */
  afterCommit(callback: () => void | Promise<void>): void;
}

/** One open transaction. Everything called on it goes to its connection; it can't be used after it ended. */
export interface Transaction<
  Contracts extends readonly Contract[] = readonly Contract[],
  Service extends string = string,
> extends ProceduresTransaction<Contracts, Service>,
    Queries {
  transaction<Result>(
    callback: (tx: Transaction<Contracts, Service>) => Promise<Result>,
    options?: TransactionOptions,
  ): Promise<Result>;
}

/** Stops a listener. Idempotent. */
export type StopListening = () => Promise<void>;

/** How to listen. */
export interface ListenOptions {
  /** Called after the listening connection was lost and is back: notifications may have been missed, re-read what they told of. */
  readonly onReconnect?: (() => void) | undefined;
}

/** What `connect` resolves to with `proceduresOnly`. */
export interface ProceduresDatabase<
  Contracts extends readonly Contract[] = readonly Contract[],
  Service extends string = string,
> extends Caller<Contracts, Service> {
  listen(channel: string, onPayload: (payload: string) => void, options?: ListenOptions): Promise<StopListening>;
  /** Waits for what runs and closes every connection that `connect` opened. Idempotent; never closes a pool it was handed. */
  close(): Promise<void>;
  /** The same, at the end of the block of `await using db = await connect()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What `connect` resolves to. */
export interface Database<Contracts extends readonly Contract[] = readonly Contract[], Service extends string = string>
  extends ProceduresDatabase<Contracts, Service>,
    Queries {
  transaction<Result>(
    callback: (tx: Transaction<Contracts, Service>) => Promise<Result>,
    options?: TransactionOptions,
  ): Promise<Result>;
}
