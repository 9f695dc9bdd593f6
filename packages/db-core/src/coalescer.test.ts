import { AsyncLocalStorage } from "node:async_hooks";
import { afterAll, beforeEach, expect, test } from "@jest/globals";
import pg from "pg";
import { Coalescer, CoalescerFullError, type LockWait } from "./coalescer.ts";
import { CheckViolationError } from "./database-errors/check-violation.ts";
import { ConnectionLostError } from "./database-errors/connection-lost.ts";
import { otherProcess, run, sessionDatabase } from "./fixtures/session-database.ts";
import { toDatabaseError } from "./to-database-error.ts";

interface Add {
  readonly id: number;
  readonly amount: number;
}

interface Balance {
  readonly id: number;
  readonly balance: number;
}

const database = await sessionDatabase();
const pool = new pg.Pool({ connectionString: database.url, max: 10 });
pool.on("connect", (client) => client.on("error", () => {}));
pool.on("error", () => {});
const other = await otherProcess(database.url);
/** What was sent: the ids of each call of the batch function, in order. */
const sent: number[][] = [];
let context: string | undefined;
const store = new AsyncLocalStorage<string>();

const coalescer = new Coalescer<Add, Balance>({
  key: ({ id }) => String(id).padStart(10, "0"),
  sizeBytes: ({ amount }) => (amount === BULKY ? 600 * 1024 : 8),
  run: async (calls, lockWait) => {
    sent.push(calls.map(({ id }) => id));
    context = store.getStore();
    return await addToAccounts(calls, lockWait);
  },
  keyOf: ({ id }) => String(id).padStart(10, "0"),
});

const BULKY = 7;

async function addToAccounts(calls: readonly Add[], lockWait: LockWait): Promise<Balance[]> {
  const text = `
    select r.id, r.balance
    from (select set_config('lock_timeout', $3, true) as value) g
    cross join lateral (select f.* from deposit($1, $2) f where g.value is not null offset 0) r`;
  try {
    const ids = calls.map(({ id }) => id);
    const amounts = calls.map(({ amount }) => amount);
    return (await pool.query<Balance>(text, [ids, amounts, lockWait === "brief" ? "50ms" : "0"])).rows;
  } catch (error) {
    throw toDatabaseError(error, "unknown");
  }
}

beforeEach(async () => {
  await run(database.url, "truncate account, entry; insert into account select g, 10 from generate_series(1, 200) g");
  sent.length = 0;
});

afterAll(async () => {
  await pool.end();
  await other.end();
  await database.drop();
});

async function balances(...ids: number[]): Promise<number[]> {
  const { rows } = await other.query<Balance>("select id, balance from account where id = any ($1) order by id", [ids]);
  return rows.map((row) => row.balance);
}

test("the calls of a tick are one batch, sorted; each has its own row, and undefined where there is none", async () => {
  const rows = await Promise.all([3, 999, 1, 2].map((id) => coalescer.run({ id, amount: id })));
  expect(rows).toEqual([{ id: 3, balance: 13 }, undefined, { id: 1, balance: 11 }, { id: 2, balance: 12 }]);
  expect(sent).toEqual([[1, 2, 3, 999]]);
});

test("a call that comes when nothing runs is sent before any input or output", async () => {
  const call = coalescer.run({ id: 1, amount: 1 });
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(sent).toEqual([[1]]);
  await call;
});

test("a batch has at most 100 calls and 1 MiB", async () => {
  await Promise.all(Array.from({ length: 150 }, (_, index) => coalescer.run({ id: index + 1, amount: 1 })));
  expect(sent.map((ids) => ids.length)).toEqual([100, 50]);
  sent.length = 0;
  await Promise.all([1, 2, 3].map((id) => coalescer.run({ id, amount: BULKY })));
  expect(sent).toEqual([[1], [2], [3]]);
});

test("calls of one key go in successive batches, in the order in which they were made", async () => {
  const rows = await Promise.all([1, 2, 3].map((amount) => coalescer.run({ id: 1, amount })));
  expect(rows.map((row) => row?.balance)).toEqual([11, 13, 16]);
  expect(sent).toEqual([[1], [1], [1]]);
});

test("one bad call fails alone: the others of its batch are written, each once", async () => {
  const outcomes = await Promise.allSettled([1, 2, 3].map((id) => coalescer.run({ id, amount: id === 2 ? -100 : 1 })));
  expect(outcomes).toMatchObject([
    { status: "fulfilled", value: { balance: 11 } },
    { status: "rejected", reason: { code: "CHECK_VIOLATION", constraint: "account_balance_check" } },
    { status: "fulfilled", value: { balance: 11 } },
  ]);
  expect(await balances(1, 2, 3)).toEqual([11, 10, 11]);
});

test("a call that meets a lock waits for it alone: its batch, its key's neighbours and all that come later do not", async () => {
  await other.query("begin; select from account where id in (2, 6, 7) for update");
  let locked: Promise<unknown>[] = [];
  try {
    locked = [2, 2, 6, 7].map((id) => coalescer.run({ id, amount: 1 }));
    // These would never end if they waited for the locks, which are given back only after them.
    await Promise.all([1, 3, 4].map((id) => coalescer.run({ id, amount: 1 })));
    // Once in the batch, once apart, and once without a limit: as long as it takes.
    const waits = (id: number): boolean => sent.filter((ids) => ids.includes(id)).length === 3;
    while (![2, 6, 7].every(waits)) await coalescer.run({ id: 5, amount: 1 });
    await Promise.all([1, 3, 4].map((id) => coalescer.run({ id, amount: 1 })));
    expect(await balances(1, 2, 3, 4, 6, 7)).toEqual([12, 10, 12, 12, 10, 10]);
  } finally {
    await other.query("commit");
  }
  expect(await Promise.all(locked)).toEqual([
    { id: 2, balance: 11 },
    { id: 2, balance: 12 },
    { id: 6, balance: 11 },
    { id: 7, balance: 11 },
  ]);
});

test("a lost connection rejects every call of the batch, outcome unknown, and makes none again", async () => {
  await run(
    database.url,
    `create or replace function die() returns trigger language plpgsql as
       $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$;
     create trigger die before update on account for each row when (old.id = 2) execute function die()`,
  );
  try {
    const outcomes = await Promise.allSettled([1, 2, 3].map((id) => coalescer.run({ id, amount: 1 })));
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "CONNECTION_LOST", outcome: "unknown" } });
    expect(outcomes[0]).toMatchObject({ reason: expect.any(ConnectionLostError) });
    expect(sent).toEqual([[1, 2, 3]]);
  } finally {
    await run(database.url, "drop trigger die on account");
  }
  expect(await coalescer.run({ id: 2, amount: 1 })).toEqual({ id: 2, balance: 11 });
});

test("two writers of the same keys in opposite order do not deadlock", async () => {
  const theirs = new Coalescer<Add, Balance>({
    key: ({ id }) => String(id).padStart(10, "0"),
    sizeBytes: () => 8,
    run: (calls, lockWait) => addToAccounts(calls, lockWait),
    keyOf: ({ id }) => String(id).padStart(10, "0"),
  });
  const ids = Array.from({ length: 50 }, (_, index) => index + 1);
  for (let round = 0; round < 20; round += 1) {
    await Promise.all([
      ...ids.map((id) => coalescer.run({ id, amount: 1 })),
      ...[...ids].reverse().map((id) => theirs.run({ id, amount: 1 })),
    ]);
  }
  expect(new Set(await balances(...ids))).toEqual(new Set([50]));
});

test("the 10,001st call that waits is refused, and those that wait are made", async () => {
  const calls = Array.from({ length: 10_000 }, () => coalescer.run({ id: 999, amount: 1 }));
  await expect(coalescer.run({ id: 999, amount: 1 })).rejects.toThrow(CoalescerFullError);
  expect(new Set(await Promise.all(calls))).toEqual(new Set([undefined]));
});

test("a batch runs in nobody's context", async () => {
  context = "none yet";
  await store.run("caller", () => coalescer.run({ id: 1, amount: 1 }));
  expect(context).toBeUndefined();
});

test("an error of key or size is the call's own", async () => {
  const broken = new Coalescer<number, number>({
    key: (call) => {
      if (call === 2) throw new CheckViolationError("no key");
      return String(call);
    },
    sizeBytes: () => 1,
    run: async (calls) => calls,
    keyOf: String,
  });
  const outcomes = await Promise.allSettled([1, 2, 3].map((call) => broken.run(call)));
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});
