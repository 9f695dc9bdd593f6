import { existsSync } from "node:fs";
import { afterAll, expect, test } from "@jest/globals";
import { killHard, startPostgres, startProxy, startReplica, TimeoutError } from "./index.ts";
import { withSession } from "./session.ts";

const primary = await startPostgres();
afterAll(() => primary.close());

const rows = (url: string, text: string): Promise<unknown[]> =>
  withSession(url, async (session) => (await session.query(text)).rows);
await rows(primary.url, "create table item (id int)");

const ids = async (url: string): Promise<unknown[]> =>
  (await rows(url, "select id from item order by id")).map((row) => (row as { id: number }).id);

test("a replica streams, refuses writes, lags when told to and catches up", async () => {
  await using replica = await startReplica(primary);
  await rows(primary.url, "truncate item; insert into item values (1)");
  await replica.caughtUp();
  expect(await ids(replica.url)).toEqual([1]);
  await expect(rows(replica.url, "insert into item values (9)")).rejects.toMatchObject({ code: "25006" });

  await replica.pauseReplay();
  await rows(primary.url, "insert into item values (2)");
  await expect(replica.caughtUp({ waitMs: 50 })).rejects.toBeInstanceOf(TimeoutError);
  expect(await ids(replica.url)).toEqual([1]);

  await replica.resumeReplay();
  await replica.caughtUp();
  expect(await ids(replica.url)).toEqual([1, 2]);
});

test("a replica that is closed leaves no slot and no data", async () => {
  const replica = await startReplica(primary);
  await replica.close();
  expect(await rows(primary.url, "select slot_name from pg_replication_slots")).toEqual([]);
  expect(existsSync(replica.dataDirectory)).toBe(false);
});

test("a promoted replica takes writes, after the primary was killed too", async () => {
  await rows(primary.url, "truncate item; insert into item values (1)");
  await using replica = await startReplica(primary);
  await replica.caughtUp();
  await killHard(primary);
  await replica.promote();
  await rows(replica.url, "insert into item values (2)");
  expect(await ids(replica.url)).toEqual([1, 2]);
  await primary.start();
  expect(await ids(primary.url)).toEqual([1]);
});

test("a replica that was stopped or cut off goes on where it was", async () => {
  await using proxy = await startProxy({ target: primary.url });
  await using replica = await startReplica(primary, { throughPort: proxy.port });
  await rows(primary.url, "truncate item; insert into item values (1)");
  await replica.caughtUp();

  proxy.stall();
  await rows(primary.url, "insert into item values (2)");
  await expect(replica.caughtUp({ waitMs: 50 })).rejects.toBeInstanceOf(TimeoutError);
  proxy.resume();
  await replica.caughtUp();

  await replica.stop();
  await rows(primary.url, "insert into item values (3)");
  await replica.start();
  await replica.caughtUp();
  expect(await ids(replica.url)).toEqual([1, 2, 3]);
});
