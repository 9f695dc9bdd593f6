import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { connect } from "./connect.ts";
import { barrier, fail, openBank } from "./fixtures/bank.ts";
import { NestedTransactionOpenError, TransactionAbortedError, TransactionEndedError } from "./transaction-errors.ts";

const { database, db, balances, reset, close } = await openBank();

beforeEach(reset);
afterAll(close);

test("a nested transaction that fails is undone alone, with its afterCommit callbacks", async () => {
  const ran: string[] = [];
  await db.transaction(async (tx) => {
    await tx.query("update account set balance = 11 where id = 1");
    await tx.transaction(async (kept) => {
      kept.afterCommit(() => void ran.push("kept"));
      await kept.query("update account set balance = 21 where id = 2");
    });
    const undone = tx.transaction(async (nested) => {
      nested.afterCommit(() => void ran.push("undone"));
      await nested.transaction(async (inner) => inner.afterCommit(() => void ran.push("kept in the undone one")));
      await nested.query("update account set balance = -1 where id = 2");
    });
    await expect(undone).rejects.toMatchObject({ code: "CHECK_VIOLATION" });
    tx.afterCommit(() => void ran.push("outer"));
  });
  expect(ran).toEqual(["kept", "outer"]);
  expect(await balances()).toEqual([11, 21]);
});

test("a nested transaction whose failed statement was caught is undone and says so, and the outer one goes on", async () => {
  await db.transaction(async (tx) => {
    const nested = tx.transaction(async (inner) => {
      await inner.query("update account set balance = 11 where id = 1");
      await inner.query("selec").catch(() => {});
    });
    await expect(nested).rejects.toThrow(TransactionAbortedError);
    await tx.query("update account set balance = 21 where id = 2");
  });
  expect(await balances()).toEqual([10, 21]);
});

test("a read-only nested transaction gives the mode back", async () => {
  await db.transaction(async (tx) => {
    const write = tx.transaction((nested) => nested.query("update account set balance = 0"), { readOnly: true });
    await expect(write).rejects.toMatchObject({ code: "READ_ONLY" });
    await tx.query("update account set balance = 11 where id = 1");
  });
  expect(await balances()).toEqual([11, 20]);
});

test("while a nested transaction is open the outer one refuses calls and a second nested one", async () => {
  await db.transaction(async (tx) => {
    const nested = tx.transaction(async (inner) => {
      await expect(tx.query("select 1")).rejects.toThrow(NestedTransactionOpenError);
      expect(() => tx.afterCommit(() => {})).toThrow(NestedTransactionOpenError);
      await inner.query("update account set balance = 11 where id = 1");
    });
    await expect(tx.transaction(async () => {})).rejects.toThrow(NestedTransactionOpenError);
    await nested;
  });
  expect(await balances()).toEqual([11, 20]);
});

test("a nested transaction that was not awaited undoes the whole, and touches the connection's next transaction no more", async () => {
  const single = await connect({ writeUrl: database.url, service: "single", poolMax: 1 });
  for (const outcome of [async () => {}, async () => fail()]) {
    const gate = barrier();
    let nested: Promise<unknown> = Promise.resolve();
    const transaction = single.transaction(async (tx) => {
      await tx.query("update account set balance = 11 where id = 1");
      const begun = barrier();
      nested = tx.transaction(async (inner) => {
        begun.open();
        await gate.opened;
        await inner.query("update account set balance = 21 where id = 2");
      });
      nested.catch(() => {});
      await begun.opened;
      await outcome();
    });
    await expect(transaction).rejects.toThrow();

    await single.transaction(async (next) => {
      await next.query("update account set balance = balance + 1 where id = 2");
      gate.open();
      await expect(nested).rejects.toThrow(TransactionEndedError);
    });
  }
  await single.close();
  expect(await balances()).toEqual([10, 22]);
});

test("the end of a transaction is refused while a nested one runs", async () => {
  const gate = barrier();
  let nested: Promise<unknown> = Promise.resolve();
  const transaction = db.transaction(async (tx) => {
    nested = tx.transaction(() => gate.opened);
  });
  await expect(transaction).rejects.toThrow(NestedTransactionOpenError);
  gate.open();
  await expect(nested).rejects.toThrow(TransactionEndedError);
});
