import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { DatabaseClosedError } from "./closing.ts";
import { connect } from "./connect.ts";
import { defineContract } from "./contract.ts";
import { createCoalescer } from "./create-coalescer.ts";
import type { Procedure } from "./database.ts";
import { otherProcess, run, sessionDatabase } from "./fixtures/session-database.ts";
import { OptionError } from "./option-error.ts";
import { DatabaseUsedInTransactionError } from "./transaction-scope.ts";

interface Deposit {
  readonly id: number;
  readonly amount: number;
}

interface Balance {
  readonly id: number;
  readonly balance: number;
}

const bank = defineContract<{
  shared: {
    readonly public: { deposit: Procedure<{ ids: readonly number[]; amounts: readonly number[] }, Balance[]> };
  };
  services: object;
  iterate: object;
}>({
  name: "bank",
  version: 0,
  migrations: "",
  procedures: {
    public: {
      deposit: {
        schema: "public",
        name: "deposit",
        mode: "write",
        returns: "many",
        args: [
          ["ids", "ids_in", "int4[]"],
          ["amounts", "amounts_in", "int4[]"],
        ],
        columns: [
          ["id", "id", "int4"],
          ["balance", "balance", "int4"],
        ],
      },
    },
  },
});

const database = await sessionDatabase();
const other = await otherProcess(database.url);
const db = await connect({ writeUrl: database.url, service: "bank" });
const deposit = depositOn(db);

function depositOn(on: typeof db): (call: Deposit) => Promise<Balance | undefined> {
  const keyOf = ({ id }: { readonly id: number }): string => String(id).padStart(10, "0");
  return createCoalescer(on, bank, {
    label: "bank.deposit",
    key: keyOf,
    sizeBytes: () => 8,
    run: (procs, calls: readonly Deposit[]) =>
      procs.public.deposit({ ids: calls.map(({ id }) => id), amounts: calls.map(({ amount }) => amount) }),
    keyOf,
  });
}

beforeEach(() => run(database.url, "truncate account, entry; insert into account values (1, 10), (2, 20), (3, 30)"));

afterAll(async () => {
  await db.close();
  await other.end();
  await database.drop();
});

test("each call has its own outcome: a row, none, or an error", async () => {
  const calls = [1, 2, 3, 99].map((id) => deposit({ id, amount: id === 2 ? -100 : 1 }));
  expect(await Promise.allSettled(calls)).toMatchObject([
    { status: "fulfilled", value: { id: 1, balance: 11 } },
    { status: "rejected", reason: { code: "CHECK_VIOLATION" } },
    { status: "fulfilled", value: { id: 3, balance: 31 } },
    { status: "fulfilled", value: undefined },
  ]);
});

test("a batch gives a lock up and its calls go on; the one that met it waits as long as it takes", async () => {
  await other.query("begin; select from account where id = 2 for update");
  const locked = deposit({ id: 2, amount: 1 });
  await Promise.all([1, 3].map((id) => deposit({ id, amount: 1 })));
  // Longer than a batch would wait: were it still brief, it would have failed.
  await other.query("select pg_sleep(0.3)");
  await other.query("commit");
  expect(await locked).toEqual({ id: 2, balance: 21 });
  expect((await db.query("show lock_timeout")).rows).toEqual([{ lock_timeout: "0" }]);
});

test("a call inside a transaction is refused, and so is a transaction in the database's place", async () => {
  await db.transaction(async (tx) => {
    await expect(deposit({ id: 1, amount: 1 })).rejects.toThrow(DatabaseUsedInTransactionError);
    expect(() => depositOn(tx as never)).toThrow(OptionError);
  });
});

test("close waits for calls that wait for their batch, and refuses new ones", async () => {
  const closing = await connect({ writeUrl: database.url, service: "bank" });
  const gathered = depositOn(closing);
  // Three of one key: three batches, of which two are sent only after close() was called.
  const calls = [1, 2, 3].map((amount) => gathered({ id: 1, amount }));
  const closed = closing.close();
  await expect(gathered({ id: 1, amount: 1 })).rejects.toThrow(DatabaseClosedError);
  expect((await Promise.all(calls)).map((row) => row?.balance)).toEqual([11, 13, 16]);
  await closed;
});
