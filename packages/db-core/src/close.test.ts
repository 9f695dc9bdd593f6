import { afterAll, afterEach, expect, test } from "@jest/globals";
import { startProxy } from "@plinth/testing";
import pg from "pg";
import { DatabaseClosedError, WorkInProgress } from "./closing.ts";
import { connect } from "./connect.ts";
import { connectSettings } from "./connect-options.ts";
import { ConnectionLostError } from "./database-errors/connection-lost.ts";
import { DatabaseHandle } from "./database-handle.ts";
import { otherProcess, pingContract, sessionDatabase } from "./fixtures/session-database.ts";
import { ServerConnections } from "./open-connections.ts";
import { DatabaseUsedInTransactionError } from "./transaction-scope.ts";

const database = await sessionDatabase();
const proxy = await startProxy({ target: database.url });
const other = await otherProcess(database.url);

afterEach(() => proxy.resume());

afterAll(async () => {
  await proxy.close();
  await other.end();
  await database.drop();
});

/** Resolves when `count` connections to the database call themselves `name`. */
async function connections(name: string, count: number): Promise<void> {
  const text = "select count(*)::integer as count from pg_stat_activity where application_name like $1 || '%'";
  while ((await other.query<{ count: number }>(text, [name])).rows[0]?.count !== count);
}

test("close waits for calls and transactions that run, then no connection is left, and nothing new begins", async () => {
  const db = await connect({ writeUrl: database.url, service: "closing" });
  await db.listen("news", () => {});
  let go = (): void => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const begun: Promise<void>[] = [];
  const transaction = new Promise<number>((resolve, reject) => {
    begun.push(
      new Promise((open) => {
        const running = db.transaction(async (tx) => {
          open();
          await gate;
          return (await tx.query<{ one: number }>("select 1 as one")).rows[0]?.one ?? 0;
        });
        running.then(resolve, reject);
      }),
    );
  });
  await Promise.all(begun);
  const call = db.query<{ two: number }>("select 2 as two from pg_sleep(0.1)");
  const ping = db.procsOf(pingContract).public.ping({});
  const closed = db.close();

  await expect(db.query("select 1")).rejects.toThrow(DatabaseClosedError);
  await expect(db.transaction(async () => {})).rejects.toThrow(DatabaseClosedError);
  await expect(db.procsOf(pingContract).public.ping({})).rejects.toThrow(DatabaseClosedError);
  await expect(db.listen("news", () => {})).rejects.toThrow(DatabaseClosedError);
  go();
  expect([await transaction, (await call).rows[0]?.two, await ping]).toEqual([1, 2, 1]);
  await closed;
  await db.close();
  await connections("closing", 0);
});

test("the end of an await using block closes", async () => {
  const db = await connect({ writeUrl: database.url, service: "block" });
  await db.query("select 1");
  await db[Symbol.asyncDispose]();
  await expect(db.query("select 1")).rejects.toThrow(DatabaseClosedError);
  await connections("block", 0);
});

test("a pool that was handed in stays open", async () => {
  const pool = new pg.Pool({ connectionString: database.url, application_name: "handed in" });
  const db = await connect({ pool });
  await db.transaction((tx) => tx.query("select 1"));
  await db.close();
  expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  await pool.end();
});

test("close inside a transaction of its own is refused, for they would wait for each other", async () => {
  const db = await connect({ writeUrl: database.url });
  await db.transaction(async () => expect(db.close()).rejects.toThrow(DatabaseUsedInTransactionError));
  await db.close();
});

test("close ends though the server has stopped answering, and what ran is told that its connection is lost", async () => {
  const options = { writeUrl: proxy.url, service: "stalled", connectTimeoutMs: 1_000 };
  const work = new WorkInProgress();
  const opened = new ServerConnections(options, connectSettings(options), work, {});
  const db = new DatabaseHandle(opened, [], false, work, () => {}, 200);
  await db.check();
  await db.query("select 1");
  proxy.stall();
  const call = db.query("select 1");
  const transaction = db.transaction((tx) => tx.query("select 1"));
  const lost = Promise.all([call, transaction].map((each) => expect(each).rejects.toThrow(ConnectionLostError)));
  await db.close();
  await lost;
});

test("close ends though idle connections have no other end any more", async () => {
  const db = await connect({ writeUrl: proxy.url, service: "idle" });
  await db.procsOf(pingContract).public.ping({});
  await db.query("select 1");
  await db.listen("news", () => {});
  proxy.stall();
  await db.close();
});
