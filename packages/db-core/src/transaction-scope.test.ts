import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { DatabaseUsedInTransactionError, insideTransaction, refuseInsideTransaction } from "./transaction-scope.ts";

const db = {};
const otherDb = {};

function signal(): [Promise<void>, () => void] {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return [promise, resolve];
}

test("a call inside the callback is refused, after awaits too", async () => {
  await insideTransaction(db, async () => {
    await nextTurn();
    expect(() => refuseInsideTransaction(db, "db.query")).toThrow(DatabaseUsedInTransactionError);
  });
});

test("another database's calls are not", async () => {
  await insideTransaction(db, async () => refuseInsideTransaction(otherDb, "db.query"));
});

test("the outer one of two databases' transactions is still seen from the inner one", async () => {
  await insideTransaction(db, () =>
    insideTransaction(otherDb, async () => {
      expect(() => refuseInsideTransaction(db, "db.query")).toThrow(DatabaseUsedInTransactionError);
    }),
  );
});

test("work that outlives the transaction is outside of it", async () => {
  const [ended, end] = signal();
  const after = await insideTransaction(db, async () => [ended.then(() => refuseInsideTransaction(db, "db.query"))]);
  end();
  await after[0];
});

test("work that was started before the transaction is outside of it", async () => {
  const [begun, begin] = signal();
  const before = begun.then(() => refuseInsideTransaction(db, "db.query"));
  await insideTransaction(db, async () => {
    begin();
    await before;
  });
});
