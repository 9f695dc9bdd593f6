/**
 * What a package contributes to the schema registry: its name, the database version it was built against, its procedures, and where its
 * migrations are. Generated into `procedures.gen.ts` from the catalog of a migrated database; never written by hand.
 */
export interface Contract<Types extends ContractTypes = ContractTypes> {
  /** The package's name, which is the namespace's name in the ledger: `@plinth/queue`. */
  readonly name: string;
  /** S: the namespace's highest numbered migration when this was generated. The code works on every database version V >= S. */
  readonly version: number;
  /** Absolute path of the directory that holds the package's migrations. */
  readonly migrations: string;
  /** Procedures by caller's key: `procedures.queue.addJob`. The outer key is the schema's name, without `plinth_` for Plinth's own. */
  readonly procedures: { readonly [schema: string]: { readonly [procedure: string]: ProcedureSpec } };
  /** Never set at run time: carries the types of the callers. */
  readonly "~types"?: Types;
}

/** The callers' types of one contract. All are interfaces by schema key, so that 200 procedures cost the compiler one lookup each. */
export interface ContractTypes {
  /** Procedures that whoever may use the namespace may call: no `service=`, or `mode=read`. */
  readonly shared: object;
  /** Write procedures of one service, by that service's name, then by schema key. */
  readonly services: object;
  /** The keyset-paged lists of `shared`, for `db.iterate`. */
  readonly iterate: object;
}

/** How many rows a procedure gives back: none, one value, a row or none, exactly one row, any number. */
export type Returns = "void" | "scalar" | "maybe" | "one" | "many";

/** One stored procedure, as the generator found it in the catalog. */
export interface ProcedureSpec {
  readonly schema: string;
  readonly name: string;
  /** `read` runs read-only and may go to a replica. */
  readonly mode: "read" | "write";
  readonly returns: Returns;
  /** May wait for a lock or run long: such a call gets a connection to itself. */
  readonly waits?: true;
  /** The service that alone may call it, if it is a write procedure of a service. */
  readonly service?: string;
  readonly args: readonly ArgSpec[];
  /** Result columns. `scalar`: one, the value itself (`many` of a set of scalars likewise, with `setOfScalars`). `void`: none. */
  readonly columns: readonly ColumnSpec[];
  /** A `many` whose rows are bare values: `returns setof bigint`. */
  readonly setOfScalars?: true;
  /** The value, or each of a set, may be NULL. Without it a NULL is a `ResultError`. */
  readonly nullable?: true;
  /** Ordering columns of a keyset-paged list (`after_<column>_in` arguments), in order. */
  readonly keyset?: readonly string[];
}

/**
 * `[key in the argument object, SQL argument name, SQL type, may be left out, may be SQL NULL]`. The last is said of json alone: without it `null`
 * is JSON's own null, with it the SQL NULL.
 */
export type ArgSpec = readonly [key: string, name: string, type: string, optional?: boolean, nullable?: "nullable"];

/** `[key in the row, SQL column name, SQL type]` */
export type ColumnSpec = readonly [key: string, name: string, type: string];

/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Gives a generated contract its callers' types. */
export function defineContract<Types extends ContractTypes>(contract: Omit<Contract, "~types">): Contract<Types> {
  return contract as Contract<Types>;
}
