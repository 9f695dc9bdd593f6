import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { fail, openBank } from "./fixtures/bank.ts";

const { db, events, balances, reset, close } = await openBank();

beforeEach(reset);
afterAll(close);

test("afterCommit callbacks run in order once everybody sees the commit, with their connection given back", async () => {
  const seen: unknown[] = [];
  await db.transaction(async (tx) => {
    tx.afterCommit(async () => {
      seen.push(await balances());
      // With a pool of one this would wait for ever if the transaction still had its connection; inside the callback it would be refused.
      seen.push((await db.query("select 1 as one")).rows);
    });
    tx.afterCommit(() => {
      seen.push("second");
    });
    await tx.query("update account set balance = 11 where id = 1");
  });
  expect(seen).toEqual([[11, 20], [{ one: 1 }], "second"]);
});

test("an afterCommit callback that throws is reported; the transaction succeeds and the next callback runs", async () => {
  let ran = false;
  const result = await db.transaction(async (tx) => {
    tx.afterCommit(fail);
    tx.afterCommit(() => {
      ran = true;
    });
    return 1;
  });
  expect([result, ran]).toEqual([1, true]);
  expect(events).toEqual([{ type: "callback-failed", callback: "afterCommit", error: new Error("no") }]);
});
