import { OptionError } from "@plinth/db-core/errors";
import type { Client, ClientBase, Pool } from "pg";
import { ClientStateError, ConnectionError } from "./connection-errors.ts";

/** Anything that can be asked: a db-core `Database`, a transaction. Enough for what only reads. */
export interface Queryable {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: unknown[] }>;
}

/**
 * Which database: a connection string, a `pg` Pool or Client of the caller's, or (for what only reads) anything with `query`.
 * What is handed in is never closed, and is given back with the settings it came with.
 */
export type MigrationDatabase = string | Pool | ClientBase | Queryable;

/** A connection of one's own for a while. */
export interface Connection {
  readonly client: ClientBase;
  /** False for one that was handed in, and that others will use again. */
  readonly own: boolean;
  /** Closes it if it was opened here, else gives it back; `broken` ones are not used again. */
  release(broken: boolean): Promise<void>;
}

export const APPLICATION_NAME = "plinth-migrate";
const CONNECT_TIMEOUT_MS = 15_000;

/**
 * A connection that nobody else uses until it is released.
 *
 * @throws {ConnectionError} The server was not to be reached, or refused. The message names host, database and user, never the password.
 */
export async function openConnection(db: MigrationDatabase): Promise<Connection> {
  if (typeof db === "string") return open(db);
  if (isPool(db)) {
    const client = await db.connect().catch((error: unknown) => {
      throw connectFailure(error, db.options);
    });
    return handedIn(client, (broken) => client.release(broken));
  }
  if (isClient(db)) return handedIn(db, () => {});
  throw new OptionError(
    "db",
    "a connection string, a pg Pool or a connected pg Client: a migration needs a connection of its own",
    db,
  );
}

/** Whether `db` is a pool or a client, and not just something that can be asked. */
export function isDedicated(db: MigrationDatabase): db is string | Pool | ClientBase {
  return typeof db === "string" || isPool(db) || isClient(db);
}

/** A second connection to where `client` is connected, or to another database of that server. It is the caller's to end. */
export async function openSibling(
  client: ClientBase,
  database?: string,
): Promise<ClientBase & { end(): Promise<void> }> {
  // The class of the client at hand: the caller's copy of pg need not be ours.
  const like = client as Client;
  const Sibling = client.constructor as typeof Client;
  const sibling = new Sibling({
    host: like.host,
    port: like.port,
    user: like.user!,
    database: database ?? like.database!,
    ...(like.password == null ? {} : { password: like.password }),
    ssl: (like.ssl as boolean) || false,
    application_name: `${APPLICATION_NAME} monitor`,
    connectionTimeoutMillis: 5_000,
  });
  // A monitor that is lost is noticed by the call that it fails.
  sibling.on("error", () => {});
  await sibling.connect();
  return sibling;
}

async function open(url: string): Promise<Connection> {
  const { default: pg } = await import("pg");
  let client: Client;
  try {
    client = new pg.Client({
      connectionString: url,
      application_name: APPLICATION_NAME,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
  } catch {
    // The cause is left out: it carries the whole string, password included.
    throw new ConnectionError("the connection string can't be read", {
      hint: "expected postgres://user:password@host:port/database, special characters in user and password percent-encoded",
    });
  }
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    throw connectFailure(error, client);
  }
  // A backend that is gone no longer answers goodbye.
  const release = () => Promise.race([client.end(), new Promise<void>((resolve) => client.once("end", resolve))]);
  return { client, own: true, release };
}

function handedIn(client: ClientBase, giveBack: (broken: boolean) => void): Connection {
  const status = (client as { getTransactionStatus?: () => string | null }).getTransactionStatus?.();
  if (status === "T" || status === "E") {
    giveBack(false);
    throw new ClientStateError("the client that was handed in is in a transaction; a migration begins its own");
  }
  // pg tells of a lost connection by an event too, which ends the process where nobody listens.
  const listener = () => {};
  client.on("error", listener);
  return {
    client,
    own: false,
    release: async (broken) => {
      // Behind the event that may follow a failed query in the same turn.
      setImmediate(() => client.removeListener("error", listener));
      giveBack(broken);
    },
  };
}

function connectFailure(
  error: unknown,
  to: { host?: unknown; port?: unknown; database?: unknown; user?: unknown },
): ConnectionError {
  const sqlstate = sqlstateOf(error);
  const where = `${to.host ?? "localhost"}:${to.port ?? 5432}, database ${to.database ?? "default"}, user ${to.user ?? "default"}`;
  const said = error instanceof Error ? firstLine(error) : "unknown failure";
  return new ConnectionError(`no connection to ${where}: ${said}`, {
    cause: error,
    ...(sqlstate === undefined ? {} : { sqlstate }),
    hint: connectHint(sqlstate, error),
  });
}

function connectHint(sqlstate: string | undefined, error: unknown): string {
  if (sqlstate === "28P01" || sqlstate === "28000") return "check the user and the password in the connection string";
  if (sqlstate === "3D000") return "make the database first: migrations fill one, they don't make it";
  if (sqlstate === "53300") return "the server has no connection to spare: close some, or raise max_connections";
  if (error instanceof Error && /ssl/i.test(error.message)) return "check sslmode in the connection string";
  return "check host, port and network; is the server up?";
}

/** The five characters by which Postgres names an error. */
export function sqlstateOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && code !== "EPIPE" ? code : undefined;
}

/** An AggregateError of several addresses has no message of its own. */
function firstLine(error: Error): string {
  const inner = error instanceof AggregateError && error.message === "" ? error.errors[0] : error;
  return (inner instanceof Error ? inner.message : String(inner)).split("\n", 1)[0] ?? "";
}

function isPool(db: MigrationDatabase): db is Pool {
  return typeof db === "object" && db !== null && "totalCount" in db && "connect" in db;
}

function isClient(db: MigrationDatabase): db is ClientBase {
  return typeof db === "object" && db !== null && "query" in db && "processID" in db;
}
