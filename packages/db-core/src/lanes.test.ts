import { afterAll, expect, test } from "@jest/globals";
import { connect } from "./connect.ts";
import { ConnectionLostError } from "./database-errors/connection-lost.ts";
import { procedure, procedureDatabase, shopContract } from "./fixtures/procedure-database.ts";
import { otherProcess } from "./fixtures/session-database.ts";

/** Ten optional arguments: 1,024 choices of them. */
const MANY = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`a${index}`, "integer?"]));

const contract = shopContract({
  pid: procedure("pid", "read", "scalar", {}, { value: "integer" }),
  setting: procedure("setting", "read", "scalar", { name: "text" }, { value: "text" }),
  waitForLock: procedure("wait_for_lock", "read", "scalar", { key: "bigint" }, { value: "integer" }),
  waitAlone: procedure("wait_for_lock", "read", "scalar", { key: "bigint" }, { value: "integer" }, { waits: true }),
  many: procedure("many", "read", "scalar", MANY, { value: "integer" }),
  prepared: procedure("prepared", "read", "scalar", {}, { value: "integer" }),
  sneak: procedure("sneak", "read", "scalar", {}, { value: "bigint" }),
});

const database = await procedureDatabase(`
  create schema shop;
  create table shop.item (id bigint generated always as identity primary key);
  create function shop.pid() returns integer language sql stable begin atomic select pg_backend_pid(); end;
  create function shop.setting(name_in text) returns text language sql stable begin atomic select current_setting(name_in); end;
  create function shop.wait_for_lock(key_in bigint) returns integer language plpgsql volatile
    as 'begin perform pg_advisory_xact_lock(key_in); return pg_backend_pid(); end';
  create function shop.many(${Object.keys(MANY)
    .map((key) => `${key}_in integer default 0`)
    .join(", ")}) returns integer
    language sql stable begin atomic select ${Object.keys(MANY)
      .map((key) => `${key}_in`)
      .join(" + ")}; end;
  create function shop.prepared() returns integer language sql stable begin atomic select count(*)::integer from pg_prepared_statements; end;
  create function shop.sneak() returns bigint language sql volatile begin atomic insert into shop.item default values returning id; end;
`);
const holder = await otherProcess(database.url);
const db = await connect({ writeUrl: database.url, service: "lanes", poolMax: 5, statementTimeoutMs: 20_000 });
const shop = db.procsOf(contract).shop;
const call = (name: string, args?: object, options?: object): Promise<unknown> => shop[name]!(args, options);

afterAll(async () => {
  await db.close();
  await holder.end();
  await database.drop();
});

const pids = (count: number): Promise<unknown[]> => Promise.all(Array.from({ length: count }, () => call("pid")));

test("reads share few connections, which carry the limits and are read-only", async () => {
  expect(new Set(await pids(100)).size).toBeLessThanOrEqual(2);
  expect(await call("setting", { name: "default_transaction_read_only" })).toBe("on");
  expect(await call("setting", { name: "statement_timeout" })).toBe("20s");
  expect(await call("setting", { name: "idle_in_transaction_session_timeout" })).toBe("20s");
  expect(await call("setting", { name: "application_name" })).toBe("lanes");
});

test("a read procedure that writes is refused, and the call behind it is answered", async () => {
  const [sneaked, pid] = await Promise.allSettled([call("sneak"), call("pid")]);
  expect(sneaked).toMatchObject({ status: "rejected", reason: { code: "READ_ONLY", sqlstate: "25006" } });
  expect(pid.status).toBe("fulfilled");
});

test("what was sent behind calls that are stuck is answered while they still are, and so is what comes later", async () => {
  await holder.query("select pg_advisory_lock(1)");
  await pids(10);
  // More than there can be lanes, each with calls behind it.
  const stuck: Promise<unknown>[] = [];
  for (let index = 0; index < 4; index += 1) {
    stuck.push(call("waitForLock", { key: 1n }));
    expect((await pids(50)).length).toBe(50);
  }
  let answered = false;
  for (const each of stuck) void each.then(() => (answered = true));
  for (let index = 0; index < 20; index += 1) await pids(20);
  expect(answered).toBe(false);
  await holder.query("select pg_advisory_unlock(1)");
  expect((await Promise.all(stuck)).length).toBe(4);
  expect(new Set(await pids(100)).size).toBeLessThanOrEqual(4);
});

test("a call that waits has a connection to itself, read-only as well", async () => {
  await holder.query("select pg_advisory_lock(2)");
  const alone = call("waitAlone", { key: 2n });
  const shared = new Set(await pids(50));
  await holder.query("select pg_advisory_unlock(2)");
  expect(shared.has(await alone)).toBe(false);
});

test("a lane that is killed fails what it carries as retryable, and the next call has a new one", async () => {
  await holder.query("select pg_advisory_lock(3)");
  const lost = Promise.allSettled([call("waitForLock", { key: 3n }), call("pid")]);
  const waiting =
    "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'advisory' and pid <> pg_backend_pid()";
  while ((await holder.query(waiting)).rowCount === 0);
  const [stuck] = await lost;
  expect(stuck).toMatchObject({ status: "rejected", reason: { outcome: "none", retryable: true } });
  expect((stuck as PromiseRejectedResult).reason).toBeInstanceOf(ConnectionLostError);
  await holder.query("select pg_advisory_unlock(3)");
  expect(await call("pid")).toEqual(expect.any(Number));
});

test("an abandoned call rejects at once with the signal's reason, and others on its connection are answered", async () => {
  await holder.query("select pg_advisory_lock(4)");
  const abandon = new AbortController();
  const abandoned = call("waitForLock", { key: 4n }, { signal: abandon.signal });
  const other = call("pid");
  abandon.abort(new Error("not wanted any more"));
  await expect(abandoned).rejects.toThrow("not wanted any more");
  await expect(call("pid", {}, { signal: abandon.signal })).rejects.toThrow("not wanted any more");
  expect(await other).toEqual(expect.any(Number));
  await holder.query("select pg_advisory_unlock(4)");
});

test("without pipelining reads run on the pool, still read-only", async () => {
  const plain = await connect({ writeUrl: database.url, pipeline: false });
  const procs = plain.procsOf(contract).shop;
  await expect(procs.sneak!()).rejects.toMatchObject({ code: "READ_ONLY" });
  expect(await procs.setting!({ name: "transaction_read_only" })).toBe("on");
  expect((await plain.query<{ on: string }>("select current_setting('transaction_read_only') as on")).rows).toEqual([
    { on: "off" },
  ]);
  await plain.close();
});

test("a connection keeps a bounded number of prepared statements, and calls whose own was dropped still work", async () => {
  const alone = await connect({ writeUrl: database.url });
  const procs = alone.procsOf(contract).shop;
  for (let round = 0; round < 2; round += 1) {
    for (let choice = 0; choice < 600; choice += 1) {
      const keys = Object.keys(MANY).filter((_, index) => (choice >> index) & 1);
      expect(await procs.many!(Object.fromEntries(keys.map((key) => [key, 1])))).toBe(keys.length);
    }
  }
  expect(await procs.prepared!()).toBe(500);
  await alone.close();
});
