import { Pool } from "pg";
import type { Contract } from "./contract.ts";
import type { DatabaseEvent } from "./events.ts";
import { knownKeys, NotShown, OptionError, oneOf, text, trueOrFalse, wholeNumber } from "./option-error.ts";

/** What `connect` is told. Everything may be left out. */
export interface ConnectOptions<
  Contracts extends readonly Contract[] = readonly Contract[],
  Service extends string = string,
> {
  /**
   * The primary.
   *
   * @defaultValue DATABASE_URL, else libpq's PG* variables
   */
  readonly writeUrl?: string | undefined;
  /**
   * A replica for reads. Where there is none they go to the primary, read-only all the same.
   *
   * @defaultValue READ_DATABASE_URL; not looked at when `pool` is given
   */
  readonly readUrl?: string | undefined;
  /** A pool of the caller's instead of `writeUrl`. Never closed here, and nothing on its connections is changed for good. */
  readonly pool?: Pool | undefined;
  /** A pool of the caller's instead of `readUrl`. */
  readonly readPool?: Pool | undefined;
  /** Who this is, 1 to 63 characters: the connections' application name, and whose write procedures may be called. */
  readonly service?: Service | undefined;
  /** The contracts this code was built against. Each is checked now: the database must have its version or a later one. */
  readonly namespaces?: Contracts | undefined;
  /**
   * No `query`, in the type and at run time: what services with a role of their own use.
   *
   * @defaultValue `false`
   */
  readonly proceduresOnly?: boolean | undefined;
  /**
   * Whether connections reach the server through a pooler that gives each transaction another one of the server's. `auto` finds out.
   *
   * @defaultValue `"auto"`
   */
  readonly pooler?: "auto" | "none" | "transaction" | undefined;
  /**
   * Connections for transactions, writes and calls that wait, from 1 to 1,000; as many for each of primary and replica.
   *
   * @defaultValue `10`
   */
  readonly poolMax?: number | undefined;
  /**
   * How long a statement may run, in milliseconds, from 0 (no limit) to 86,400,000. Behind a transaction pooler the role's own limit counts
   * outside of transactions.
   *
   * @defaultValue `30_000`
   */
  readonly statementTimeoutMs?: number | undefined;
  /**
   * How long a transaction may be open with nothing running in it, in milliseconds, from 0 (no limit) to 86,400,000.
   *
   * @defaultValue `20_000`
   */
  readonly idleInTransactionTimeoutMs?: number | undefined;
  /**
   * How long to wait for a connection, to be opened or to become free, in milliseconds, from 1 to 600,000.
   *
   * @defaultValue `10_000`
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * Prepare statements under names. Off behind a transaction pooler, and implies no pipelining when off.
   *
   * @defaultValue `true`
   */
  readonly prepare?: boolean | undefined;
  /**
   * Send read procedures down a few shared connections without waiting for the answers before. Off behind a transaction pooler and on pools
   * that were handed in.
   *
   * @defaultValue `true`
   */
  readonly pipeline?: boolean | undefined;
  /** Told what belongs to no call: see {@link DatabaseEvent}. Without it failures become process warnings. */
  readonly onEvent?: ((event: DatabaseEvent) => void) | undefined;
}

const KEYS = [
  "writeUrl",
  "readUrl",
  "pool",
  "readPool",
  "service",
  "namespaces",
  "proceduresOnly",
  "pooler",
  "poolMax",
  "statementTimeoutMs",
  "idleInTransactionTimeoutMs",
  "connectTimeoutMs",
  "prepare",
  "pipeline",
  "onEvent",
];
const DAY_MS = 86_400_000;

/** The options that have a default, with nothing left out. */
export interface ConnectSettings {
  readonly proceduresOnly: boolean;
  readonly pooler: "auto" | "none" | "transaction";
  readonly poolMax: number;
  readonly statementTimeoutMs: number;
  readonly idleInTransactionTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly prepare: boolean;
  readonly pipeline: boolean;
}

/** @throws {OptionError} */
export function connectSettings(options: ConnectOptions): ConnectSettings {
  knownKeys(options, KEYS, "connect");
  checkPools(options);
  if (options.service !== undefined) text("service", options.service, 1, 63);
  if (options.onEvent !== undefined && typeof options.onEvent !== "function")
    throw new OptionError("onEvent", "a function", options.onEvent);
  checkNamespaces(options.namespaces);
  const {
    statementTimeoutMs = 30_000,
    idleInTransactionTimeoutMs = 20_000,
    connectTimeoutMs = 10_000,
    pooler = "auto",
  } = options;
  return {
    proceduresOnly: trueOrFalse("proceduresOnly", options.proceduresOnly ?? false),
    pooler: oneOf("pooler", pooler, ["auto", "none", "transaction"]),
    poolMax: wholeNumber("poolMax", options.poolMax ?? 10, 1, 1_000),
    statementTimeoutMs: wholeNumber("statementTimeoutMs", statementTimeoutMs, 0, DAY_MS),
    idleInTransactionTimeoutMs: wholeNumber("idleInTransactionTimeoutMs", idleInTransactionTimeoutMs, 0, DAY_MS),
    connectTimeoutMs: wholeNumber("connectTimeoutMs", connectTimeoutMs, 1, 600_000),
    prepare: trueOrFalse("prepare", options.prepare ?? true),
    pipeline: trueOrFalse("pipeline", options.pipeline ?? true),
  };
}

function checkPools({ writeUrl, readUrl, pool, readPool, poolMax }: ConnectOptions): void {
  if (pool !== undefined && writeUrl !== undefined)
    throw new OptionError("writeUrl", "left out where pool is given", GIVEN);
  if (readPool !== undefined && readUrl !== undefined)
    throw new OptionError("readUrl", "left out where readPool is given", GIVEN);
  if (pool !== undefined && poolMax !== undefined)
    throw new OptionError("poolMax", "left out where pool is given: that pool has a limit of its own", poolMax);
  for (const [name, value] of Object.entries({ pool, readPool }))
    if (value !== undefined && !isPool(value)) throw new OptionError(name, "a Pool of the package pg", value);
}

/** A URL may hold a password: it is never shown. */
const GIVEN = new NotShown("both are");

/** Told by what it can do: a pool may come from another copy of pg. */
function isPool(value: unknown): boolean {
  const pool = Object(value) as Partial<Pool>;
  return value instanceof Pool || (typeof pool.connect === "function" && typeof pool.totalCount === "number");
}

function checkNamespaces(namespaces: unknown): void {
  if (namespaces === undefined) return;
  if (!Array.isArray(namespaces)) throw new OptionError("namespaces", "an array of contracts", namespaces);
  for (const [index, each] of namespaces.entries()) {
    const { name, version, procedures } = Object(each) as Partial<Contract>;
    if (typeof name !== "string" || typeof version !== "number" || typeof procedures !== "object")
      throw new OptionError(`namespaces[${index}]`, "a contract, as packages export it", each);
  }
}
