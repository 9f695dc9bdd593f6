import { afterAll, expect, test } from "@jest/globals";
import { startPostgres, startProxy, startReplica } from "@plinth/testing";
import { connect } from "./connect.ts";
import { defineContract } from "./contract.ts";
import type { CallOptions, ProcedureOptional } from "./database.ts";
import type { DatabaseEvent } from "./events.ts";
import { run } from "./fixtures/session-database.ts";

type Ask = ProcedureOptional<object, number>;

const spec = (name: string, mode: "read" | "write") =>
  ({ schema: "public", name, mode, returns: "scalar", args: [], columns: [["value", "value", "int4"]] }) as const;

function shop(version: number) {
  return defineContract<{
    shared: { readonly shop: { where: Ask; whereWritten: Ask } };
    services: object;
    iterate: object;
  }>({
    name: "shop",
    version,
    migrations: "",
    procedures: { shop: { where: spec("where_am_i", "read"), whereWritten: spec("where_written", "write") } },
  });
}

const primary = await startPostgres();
const replica = await startReplica(primary);
const proxy = await startProxy({ target: replica.url });
// The versions stand in a table of the test's: what reads them is the procedure that every caller reads them through.
await run(
  primary.url,
  `create schema plinth_core;
   create table version as select 'shop'::text as namespace, 1 as version;
   create function plinth_core.get_versions() returns table (namespace text, version integer) language sql stable
     begin atomic select v.namespace, v.version from version v; end;
   create function where_am_i() returns integer language sql stable begin atomic select inet_server_port(); end;
   create function where_written() returns integer language sql volatile begin atomic select inet_server_port(); end`,
);
await replica.caughtUp();

const events: DatabaseEvent[] = [];
const connectTo = (version: number, readUrl = proxy.url) =>
  connect({
    writeUrl: primary.url,
    readUrl,
    namespaces: [shop(version)],
    service: "shop",
    statementTimeoutMs: 1_000,
    connectTimeoutMs: 1_000,
    onEvent: (event) => events.push(event),
  });

afterAll(async () => {
  await proxy.close();
  await replica.close();
  await primary.close();
});

test("reads go to the replica, writes, transactions and reads that ask for it to the primary", async () => {
  const db = await connectTo(1);
  const { where, whereWritten } = db.procs.shop;
  expect(await where()).toBe(replica.port);
  expect(await where({}, { consistency: "primary" })).toBe(primary.port);
  expect(await whereWritten()).toBe(primary.port);
  expect(await db.transaction((tx) => tx.procs.shop.where())).toBe(primary.port);
  await expect(where({}, { consistency: "both" } as unknown as CallOptions)).rejects.toThrow("consistency");
  await db.close();
});

test("no read fails while the replica is restarted under load, and reads return to it", async () => {
  events.length = 0;
  const db = await connectTo(1);
  let reading = true;
  const answered = new Set<number>();
  const readers = Array.from({ length: 20 }, async () => {
    while (reading) answered.add(await db.procs.shop.where());
  });
  await replica.stop({ mode: "immediate" });
  while (!answered.has(primary.port)) await db.procs.shop.where();
  await replica.start();
  while ((await db.procs.shop.where()) !== replica.port);
  reading = false;
  await Promise.all(readers);
  expect(answered).toEqual(new Set([primary.port, replica.port]));
  expect(events.map(({ type }) => type)).toEqual(["replica-lost", "replica-back"]);
  await db.close();
});

test("a replica that does not have the code's version yet is not read before it has", async () => {
  await replica.pauseReplay();
  await run(primary.url, "update version set version = 2");
  const db = await connectTo(2);
  expect(await db.procs.shop.where()).toBe(primary.port);
  await replica.resumeReplay();
  while ((await db.procs.shop.where()) !== replica.port);
  await db.close();
});

test("a replica that stops answering holds a read up for the statement's time, and no read fails", async () => {
  const db = await connectTo(1);
  expect(await db.procs.shop.where()).toBe(replica.port);
  proxy.stall();
  const ports = await Promise.all(Array.from({ length: 20 }, () => db.procs.shop.where()));
  expect(new Set(ports)).toEqual(new Set([primary.port]));
  expect(await db.procs.shop.where()).toBe(primary.port);
  proxy.resume();
  while ((await db.procs.shop.where()) !== replica.port);
  await db.close();
});
