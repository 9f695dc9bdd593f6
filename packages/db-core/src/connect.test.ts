import { createServer } from "node:net";
import { afterAll, afterEach, expect, test } from "@jest/globals";
import pg from "pg";
import { connect } from "./connect.ts";
import type { ConnectOptions } from "./connect-options.ts";
import { AuthenticationError } from "./database-errors/authentication.ts";
import { DatabaseMissingError } from "./database-errors/database-missing.ts";
import { ServerUnreachableError } from "./database-errors/server-unreachable.ts";
import { procedure, procedureDatabase, shopContract } from "./fixtures/procedure-database.ts";
import { otherProcess } from "./fixtures/session-database.ts";
import { OptionError } from "./option-error.ts";
import { SchemaTooOldError } from "./schema-too-old-error.ts";

const database = await procedureDatabase(`
  create schema shop;
  create schema plinth_core;
  create function plinth_core.get_versions() returns table (namespace text, version integer) language sql stable
    begin atomic select * from (values ('shop', 2), ('cart', 7)) as v (namespace, version); end;
  create function shop.pid() returns integer language sql stable begin atomic select pg_backend_pid(); end;
`);
const empty = await procedureDatabase("select 1");
const admin = await otherProcess(database.url);
const { env } = process;
const PG = ["DATABASE_URL", "READ_DATABASE_URL", "PGHOST", "PGUSER", "PGDATABASE", "PGPORT", "PGPASSWORD"];
const before = { ...env };

afterEach(() => {
  for (const name of PG) {
    delete env[name];
    if (before[name] !== undefined) env[name] = before[name];
  }
});

afterAll(async () => {
  await admin.end();
  await empty.drop();
  await database.drop();
});

const SECRET = "s3cret-w0rd";
const shop = (version: number, name = "shop") => ({
  ...shopContract({ pid: procedure("pid", "read", "scalar", {}, { value: "integer" }) }, version),
  name,
});

function urlWith(change: (url: URL) => void): string {
  const url = new URL(database.url);
  change(url);
  return url.href;
}

async function failure(options: ConnectOptions): Promise<Error> {
  const error = await connect(options).then(
    () => new Error("it connected"),
    (rejected: Error) => rejected,
  );
  expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain(SECRET);
  return error;
}

/** Connections of this service that the server has. */
async function connectionsOf(service: string): Promise<number> {
  const text = "select count(*)::int as count from pg_stat_activity where application_name like $1 || '%'";
  return (await admin.query<{ count: number }>(text, [service])).rows[0]?.count ?? 0;
}

test("without an address one error names everything that could be set", async () => {
  for (const name of PG) delete env[name];
  env.PGUSER = "somebody";
  const error = await failure({});
  expect(error).toBeInstanceOf(OptionError);
  for (const name of ["writeUrl", "DATABASE_URL", "PGHOST", "PGDATABASE", "PGPASSWORD", "PGPORT"])
    expect(error.message).toContain(name);
  expect(error.message).toMatch(/missing: DATABASE_URL, PGHOST, PGDATABASE\)/);
});

test("the address comes from DATABASE_URL, else from libpq's variables", async () => {
  for (const name of PG) delete env[name];
  env.DATABASE_URL = database.url;
  await (await connect()).close();
  const url = new URL(database.url);
  delete env.DATABASE_URL;
  Object.assign(env, { PGHOST: url.hostname, PGPORT: url.port, PGUSER: url.username, PGDATABASE: database.name });
  const db = await connect();
  expect((await db.query("select current_database() as name")).rows).toEqual([{ name: database.name }]);
  await db.close();
});

test.each<[string, object]>([
  ["statementTimeout", { statementTimeout: 5 }],
  ["poolMax", { poolMax: 0 }],
  ["pooler", { pooler: "session" }],
  ["statementTimeoutMs", { statementTimeoutMs: 1.5 }],
  ["service", { service: "" }],
  ["namespaces[0]", { namespaces: [{}] }],
  ["pool", { writeUrl: undefined, pool: {} }],
  ["writeUrl", { writeUrl: `http://u:${SECRET}@h/db` }],
  ["writeUrl", { writeUrl: `postgres://u:${SECRET}@h:99999999/db` }],
  ["writeUrl", { writeUrl: `127.0.0.1/${SECRET}` }],
  ["writeUrl", { writeUrl: 5 }],
  ["url", { url: `postgres://u:${SECRET}@h/db` }],
  ["writeurl", { writeurl: `postgres://u:${SECRET}@h/db` }],
  ["writeUrl", { pool: new pg.Pool(), writeUrl: `postgres://u:${SECRET}@h/db` }],
  ["pooler", { pooler: `postgres://u:${SECRET}@h/db` }],
  ["proceduresOnly", { proceduresOnly: "yes" }],
  ["onEvent", { onEvent: 1 }],
])("a wrong %s is refused before anything is opened", async (option, options) => {
  expect(await failure({ writeUrl: database.url, ...options })).toMatchObject({ code: "OPTION_INVALID", option });
});

test("a URL that is given in the options' place is refused and not shown", async () => {
  const error = await failure(`postgres://u:${SECRET}@h/db` as ConnectOptions);
  expect(error.message).toBe("option connect must be an object with options by name, but is a string");
});

test("what can't be parsed as a URL is said to be that, and not shown", async () => {
  for (const writeUrl of [`127.0.0.1/${SECRET}`, 5 as unknown as string])
    expect((await failure({ writeUrl })).message).toBe(
      "option writeUrl must be a URL like postgres://user@host:5432/database, but can't be parsed (not shown: it may hold a password)",
    );
});

test("an unknown role, an unknown database, a closed port and an unknown host are told apart", async () => {
  const role = await failure({
    writeUrl: urlWith((url) => Object.assign(url, { username: "nobody_here", password: SECRET })),
  });
  expect(role).toBeInstanceOf(AuthenticationError);
  const name = await failure({
    writeUrl: urlWith((url) => Object.assign(url, { pathname: "/nothing_here", password: SECRET })),
  });
  expect(name).toBeInstanceOf(DatabaseMissingError);
  expect(name.message).toContain("nothing_here");
  const port = await failure({
    writeUrl: urlWith((url) => Object.assign(url, { hostname: "localhost", port: "1", password: SECRET })),
  });
  expect(port).toBeInstanceOf(ServerUnreachableError);
  expect(port.message).toContain("ECONNREFUSED");
  const host = await failure({
    writeUrl: urlWith((url) => Object.assign(url, { hostname: "nowhere.invalid", password: SECRET })),
  });
  expect(host).toMatchObject({ code: "SERVER_UNREACHABLE", retryable: true, outcome: "none" });
});

test("a server that takes the connection and says nothing is given up", async () => {
  const silent = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const { port } = silent.address() as { port: number };
  const error = await failure({ writeUrl: `postgres://u:${SECRET}@127.0.0.1:${port}/db`, connectTimeoutMs: 100 });
  expect(error).toBeInstanceOf(ServerUnreachableError);
  silent.close();
});

test("a database that is older than the code is refused with all that is missing, and nothing stays open", async () => {
  const error = await failure({
    writeUrl: database.url,
    service: "old",
    namespaces: [shop(3), shop(7, "cart"), shop(1, "wish")],
  });
  expect(error).toBeInstanceOf(SchemaTooOldError);
  expect(error).toMatchObject({
    namespaces: [
      { namespace: "shop", database: 2, required: 3 },
      { namespace: "wish", database: undefined, required: 1 },
    ],
  });
  expect(error.message).toContain("plinth-migrate apply");
  expect(await connectionsOf("old")).toBe(0);
});

test("of a contract that was not listed, a call says that the database is too old for it", async () => {
  const db = await connect({ writeUrl: database.url, poolMax: 1 });
  const old = shopContract({ added: procedure("added", "read", "scalar", {}, { value: "integer" }) }, 3);
  const tooOld = { code: "SCHEMA_TOO_OLD", namespaces: [{ namespace: "shop", database: 2, required: 3 }] };
  await expect(db.procsOf(old).shop.added!()).rejects.toMatchObject(tooOld);
  const inTransaction = db.transaction((tx) => tx.procsOf(old).shop.added!());
  await expect(inTransaction).rejects.toMatchObject({ ...tooOld, cause: { sqlstate: "42883" } });
  await db.close();
});

test("where the database is new enough, what a call failed with stands", async () => {
  const db = await connect({ writeUrl: database.url });
  const wrong = shopContract({ never: procedure("never", "read", "scalar", {}, { value: "integer" }) }, 2);
  await expect(db.procsOf(wrong).shop.never!()).rejects.toMatchObject({ sqlstate: "42883" });
  await db.close();
});

test("a role that the database was never told of is asked whether it is a service's", async () => {
  const role = `${database.name}_nobody`;
  await admin.query(`create role "${role}" login`);
  const error = await failure({
    writeUrl: urlWith((url) => Object.assign(url, { username: role })),
    namespaces: [shop(1)],
  });
  await admin.query(`drop role "${role}"`);
  expect(error).toMatchObject({ code: "PERMISSION_DENIED", sqlstate: "42501" });
  expect(error.message).toContain(`the role ${role} may not ask for the versions of this database`);
  expect(error.message).toMatch(
    /permission denied for schema plinth_core.*access\.json\? If so, run: plinth-migrate apply/,
  );
});

test("a database as new as the code, or newer, is fine", async () => {
  for (const version of [1, 2]) await (await connect({ writeUrl: database.url, namespaces: [shop(version)] })).close();
});

test("a database that was never migrated is too old, not broken", async () => {
  const error = await failure({ writeUrl: empty.url, namespaces: [shop(0), shop(1, "cart")] });
  expect(error).toMatchObject({ code: "SCHEMA_TOO_OLD", namespaces: [{ namespace: "shop" }, { namespace: "cart" }] });
});

test("close waits for what runs, refuses what comes, and leaves no connection", async () => {
  const db = await connect({ writeUrl: database.url, service: "closing", namespaces: [shop(1)] });
  await admin.query("select pg_advisory_lock(9)");
  const running = db.query("select pg_advisory_xact_lock(9)");
  const procs = db.procs as { shop: { pid(): Promise<number> } };
  const calls = Array.from({ length: 50 }, () => procs.shop.pid());
  const closing = db.close();
  await expect(db.query("select 1")).rejects.toMatchObject({ code: "DATABASE_CLOSED" });
  await expect(procs.shop.pid()).rejects.toMatchObject({ code: "DATABASE_CLOSED" });
  await admin.query("select pg_advisory_unlock(9)");
  await Promise.all([running, ...calls, closing, db.close()]);
  while ((await connectionsOf("closing")) > 0);
});

test("a pool that was handed in is used for everything, keeps its connections' settings, and is not closed", async () => {
  const pool = new pg.Pool({ connectionString: database.url, max: 2, application_name: "theirs" });
  const db = await connect({ pool, namespaces: [shop(1)] });
  const procs = db.procs as { shop: { pid(): Promise<number> } };
  await Promise.all(Array.from({ length: 20 }, () => procs.shop.pid()));
  expect(await connectionsOf("theirs")).toBeLessThanOrEqual(2);
  await db.close();
  const { rows } = await pool.query("show transaction_read_only");
  expect(rows).toEqual([{ transaction_read_only: "off" }]);
  await pool.end();
});

test("with proceduresOnly plain SQL is refused, on the database and in a transaction", async () => {
  const db = await connect({ writeUrl: database.url, proceduresOnly: true });
  const query = (on: object): Promise<unknown> => (on as { query(text: string): Promise<unknown> }).query("select 1");
  await expect(query(db)).rejects.toMatchObject({ code: "PROCEDURES_ONLY" });
  await expect(db.transaction((tx) => query(tx))).rejects.toMatchObject({ code: "PROCEDURES_ONLY" });
  await db.close();
});

test("a transaction left open in plain SQL is not the next one's", async () => {
  const db = await connect({ writeUrl: database.url, poolMax: 1 });
  await db.query("begin");
  await expect(db.query("begin; select 1/0")).rejects.toMatchObject({ sqlstate: "22012" });
  const { rows } = await db.query<{ now: boolean }>("select now() = statement_timestamp() as now");
  expect(rows).toEqual([{ now: true }]);
  await db.close();
});

test("a pool whose connections are all held says so in time", async () => {
  const db = await connect({ writeUrl: database.url, poolMax: 1, connectTimeoutMs: 100 });
  await db.transaction(
    async () => {
      await expect(db.query("select 1")).rejects.toMatchObject({ code: "POOL_BUSY", retryable: true, poolMax: 1 });
    },
    { allowDatabaseCalls: true },
  );
  await db.close();
});
