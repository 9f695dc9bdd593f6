import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { SerializationError } from "./database-errors/serialization.ts";
import { barrier, fail, openBank } from "./fixtures/bank.ts";

const { db, other, balances, reset, close } = await openBank();

beforeEach(reset);
afterAll(close);

test("a serialization failure runs the whole callback again, and drops the afterCommit callbacks of the failed run", async () => {
  const ran: number[] = [];
  let attempts = 0;
  await db.transaction(
    async (tx) => {
      attempts += 1;
      const attempt = attempts;
      tx.afterCommit(() => {
        ran.push(attempt);
      });
      const { rows } = await tx.query<{ balance: number }>("select balance from account where id = 1");
      if (attempt === 1) await other.query("update account set balance = balance + 5 where id = 1");
      await tx.query("update account set balance = $1 where id = 1", [(rows[0]?.balance ?? 0) + 1]);
    },
    { isolation: "repeatable read", retries: 1 },
  );
  expect(attempts).toBe(2);
  expect(ran).toEqual([2]);
  expect(await balances()).toEqual([16, 20]);
});

test("retries end: the last failure is thrown", async () => {
  let attempts = 0;
  const transaction = db.transaction(
    async (tx) => {
      attempts += 1;
      await tx.query("select balance from account where id = 1");
      await other.query("update account set balance = balance + 1 where id = 1");
      await tx.query("update account set balance = 0 where id = 1");
    },
    { isolation: "repeatable read", retries: 2 },
  );
  await expect(transaction).rejects.toThrow(SerializationError);
  expect(attempts).toBe(3);
});

test("a conflict that the callback caught and threw as something else is retried all the same", async () => {
  let attempts = 0;
  await db.transaction(
    async (tx) => {
      attempts += 1;
      await tx.query("select balance from account where id = 1");
      if (attempts === 1) await other.query("update account set balance = balance + 1 where id = 1");
      await tx.query("update account set balance = 0 where id = 1").catch(fail);
    },
    { isolation: "repeatable read", retries: 1 },
  );
  expect(attempts).toBe(2);
});

test("one of two transactions that deadlock is run again, and both commit", async () => {
  const [firstHolds, secondHolds] = [barrier(), barrier()];
  const move = (mine: number, theirs: number, hold: () => void, held: Promise<void>): Promise<void> =>
    db.transaction(
      async (tx) => {
        await tx.query("update account set balance = balance + 1 where id = $1", [mine]);
        hold();
        await held;
        await tx.query("update account set balance = balance - 1 where id = $1", [theirs]);
      },
      { retries: 3 },
    );
  await Promise.all([move(1, 2, firstHolds.open, secondHolds.opened), move(2, 1, secondHolds.open, firstHolds.opened)]);
  expect(await balances()).toEqual([10, 20]);
});
