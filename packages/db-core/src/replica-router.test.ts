import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { startPostgres, startReplica } from "@plinth/testing";
import pg from "pg";
import { DatabaseError } from "./database-error.ts";
import type { DatabaseEvent } from "./events.ts";
import { run } from "./fixtures/session-database.ts";
import { ReplicaRouter } from "./replica-router.ts";
import { SchemaTooOldError } from "./schema-too-old-error.ts";
import { SQLSTATE } from "./sqlstate.ts";
import { toConnectError, toDatabaseError } from "./to-database-error.ts";

const primary = await startPostgres();
// A query that is in the way of the replay is cancelled at once, as it would be after 30 seconds.
const replica = await startReplica(primary, { settings: { max_standby_streaming_delay: 0 } });
const [onPrimary, onReplica] = [poolOf(primary.url), poolOf(replica.url)];

const events: DatabaseEvent[] = [];
let onEvent = (): void => {};
let version = 0;
let probes = 0;
let router: ReplicaRouter;

beforeEach(async () => {
  await run(primary.url, "create schema if not exists shop; create or replace function shop.v0() returns int return 0");
  await replica.caughtUp();
  events.length = 0;
  version = 0;
  probes = 0;
  router = new ReplicaRouter(probe, (event) => {
    events.push(event);
    onEvent();
  });
});

afterAll(async () => {
  await Promise.all([onPrimary.end(), onReplica.end()]);
  await replica.close();
  await primary.close();
});

function poolOf(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 5 });
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

async function ask(pool: pg.Pool, text: string): Promise<number> {
  const client = await pool.connect().catch((error: unknown) => {
    throw toConnectError(error, "a server");
  });
  try {
    const { rows } = await client.query<{ port: number }>(text);
    client.release();
    return rows[0]?.port ?? 0;
  } catch (error) {
    client.release(true);
    throw toDatabaseError(error, "none");
  }
}

async function probe(): Promise<void> {
  probes += 1;
  const text = `select count(*)::int as port from pg_proc where proname = 'v${version}'`;
  if ((await ask(onReplica, text)) === 0)
    throw new SchemaTooOldError([{ namespace: "shop", database: version - 1, required: version }]);
}

/** Which server answers: its port. */
const read = (text = "select inet_server_port() as port"): Promise<number> =>
  router.read(
    () => ask(onReplica, text),
    () => ask(onPrimary, text),
  );

const told = (type: DatabaseEvent["type"]): Promise<void> =>
  new Promise((resolve) => {
    onEvent = () => {
      if (events.some((event) => event.type === type)) resolve();
    };
    onEvent();
  });

/** Reads until the replica answers, as a service that goes on working would. */
async function readUntilBack(): Promise<void> {
  while ((await read()) !== replica.port);
}

test("reads are answered by the replica", async () => {
  await router.check();
  expect(await read()).toBe(replica.port);
  expect(events).toEqual([]);
});

test("no read fails when the replica goes away under load, and they return to it when it is back", async () => {
  let reading = true;
  const answered = new Set<number>();
  const readers = Array.from({ length: 8 }, async () => {
    while (reading) answered.add(await read());
  });
  await replica.stop({ mode: "immediate" });
  await told("replica-lost");
  await replica.start();
  await told("replica-back");
  await readUntilBack();
  reading = false;
  await Promise.all(readers);
  expect(answered).toEqual(new Set([primary.port, replica.port]));
  expect(events.map((event) => event.type)).toEqual(["replica-lost", "replica-back"]);
});

test("a replica that is down when a service starts keeps it from nothing", async () => {
  await replica.stop();
  await router.check();
  expect(await read()).toBe(primary.port);
  await replica.start();
  await readUntilBack();
  expect(events.map((event) => event.type)).toEqual(["replica-lost", "replica-back"]);
});

test("a replica that lags behind what the code needs is not read until it has it", async () => {
  await replica.pauseReplay();
  await run(primary.url, "create or replace function shop.v1() returns int return 1");
  version = 1;
  const call = "select inet_server_port() as port from shop.v1()";
  expect(await read(call)).toBe(primary.port);
  expect(events).toMatchObject([{ type: "replica-lost", error: { sqlstate: SQLSTATE.undefinedFunction } }]);
  while (probes === 0) expect(await read()).toBe(primary.port);
  await router.settled();
  expect(await read()).toBe(primary.port);
  await replica.resumeReplay();
  await replica.caughtUp();
  await readUntilBack();
  expect(await read(call)).toBe(replica.port);
});

test("what is wrong on the primary too is thrown, and no reason to leave the replica", async () => {
  await expect(read("select shop.no_such_function()")).rejects.toMatchObject({ sqlstate: SQLSTATE.undefinedFunction });
  await expect(read("select 1 / 0")).rejects.toThrow(DatabaseError);
  expect(await read()).toBe(replica.port);
});

test("a read that the replica can't make is made by the primary, and the next one by the replica", async () => {
  await run(primary.url, "create sequence if not exists shop.number");
  await replica.caughtUp();
  expect(await read("select inet_server_port() as port, nextval('shop.number')")).toBe(primary.port);
  expect(await read()).toBe(replica.port);
  expect(events).toEqual([]);
});

test("a read that the replay cancelled is made by the primary", async () => {
  await run(primary.url, "drop table if exists shop.row; create table shop.row as select 1 as id");
  await replica.caughtUp();
  const slow = read(
    "select inet_server_port() as port, count(id), pg_sleep(30 * pg_is_in_recovery()::int) from shop.row group by 1",
  );
  await started("pg_sleep");
  await run(primary.url, "drop table shop.row; create table shop.row as select 1 as id");
  expect(await slow).toBe(primary.port);
  expect(events).toEqual([]);
});

test("while the replica is away one look at a time is taken, and none without a read", async () => {
  await replica.stop();
  await read();
  await Promise.all(Array.from({ length: 50 }, () => read()));
  expect(probes).toBeLessThanOrEqual(1);
  await router.settled();
  const before = probes;
  await ask(onPrimary, "select 0 as port from pg_sleep(0.5)");
  expect(probes).toBe(before);
  await Promise.all(Array.from({ length: 50 }, () => read()));
  expect(probes).toBe(before + 1);
  // Each look is later than the one before: these would take minutes to see twelve of them.
  for (let reads = 0; reads < 50; reads += 1) {
    await router.settled();
    await read();
  }
  expect(probes).toBeLessThan(12);
  await replica.start();
  await readUntilBack();
});

/** Resolves when the replica runs a statement with this in it. */
async function started(part: string): Promise<void> {
  const text = `select count(*)::int as port from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%${part}%'`;
  while ((await ask(onReplica, text)) === 0);
}
