import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { connect } from "./connect.ts";
import { ForeignKeyViolationError } from "./database-errors/foreign-key-violation.ts";
import { bank, fail, openBank } from "./fixtures/bank.ts";
import { OptionError } from "./option-error.ts";
import { TransactionAbortedError, TransactionEndedError } from "./transaction-errors.ts";
import { DatabaseUsedInTransactionError } from "./transaction-scope.ts";

const { database, db, balances, reset, close } = await openBank();

beforeEach(reset);
afterAll(close);

test("what the callback wrote is committed when it returns, and is seen by nobody before", async () => {
  const result = await db.transaction(async (tx) => {
    await tx.query("update account set balance = 11 where id = 1");
    expect(await balances()).toEqual([10, 20]);
    return "done";
  });
  expect(result).toBe("done");
  expect(await balances()).toEqual([11, 20]);
});

test("what the callback wrote is undone when it throws, and its error is what is thrown", async () => {
  const transaction = db.transaction(async (tx) => {
    await tx.query("update account set balance = 11 where id = 1");
    fail();
  });
  await expect(transaction).rejects.toThrow("no");
  expect(await balances()).toEqual([10, 20]);
});

test("parallel calls run one after another on one connection", async () => {
  const pids = await db.transaction((tx) =>
    Promise.all([1, 2, 3].map(() => tx.query<{ pid: number }>("select pg_backend_pid() as pid"))),
  );
  expect(new Set(pids.map(({ rows }) => rows[0]?.pid)).size).toBe(1);
});

test("calls that were not awaited are made before the commit, and one that fails fails the transaction", async () => {
  await db.transaction(async (tx) => {
    void tx.query("update account set balance = 11 where id = 1");
  });
  expect(await balances()).toEqual([11, 20]);

  const failing = db.transaction(async (tx) => {
    tx.query("update account set balance = -1 where id = 2").catch(() => {});
  });
  await expect(failing).rejects.toThrow(TransactionAbortedError);
});

test("procedures are called on the transaction's connection, and an abandoned one only loses its answer", async () => {
  await db.transaction(async (tx) => {
    await tx.query("update account set balance = 11 where id = 1");
    const { public: procs } = tx.procsOf(bank);
    expect(await procs.total()).toBe(31n);
    expect(await tx.transaction((nested) => nested.procsOf(bank).public.total())).toBe(31n);

    const abandon = new AbortController();
    const abandoned = procs.total({}, { signal: abandon.signal });
    abandon.abort(new Error("enough"));
    await expect(abandoned).rejects.toThrow("enough");
    await expect(procs.total({}, { signal: abandon.signal })).rejects.toThrow("enough");
    expect(await procs.total()).toBe(31n);
  });
  expect(await balances()).toEqual([11, 20]);
});

test("a list is read in pages inside the transaction, and ends with it", async () => {
  const reading = await db.transaction(async (tx) => {
    await tx.query("insert into account select g, 1 from generate_series(3, 7) g");
    const ids: number[] = [];
    for await (const { id } of tx.iterate.public.list({}, { pageSize: 3 })) ids.push(id);
    expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7]);
    return tx.iterate.public.list({}, { pageSize: 3 });
  });
  await expect(reading.next()).rejects.toThrow(TransactionEndedError);
});

test("isolation and read only are what was asked for", async () => {
  const read = await db.transaction(
    async (tx) => {
      const { rows } = await tx.query<{ level: string; mode: string }>(
        "select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as mode",
      );
      return rows[0];
    },
    { isolation: "serializable", readOnly: true },
  );
  expect(read).toEqual({ level: "serializable", mode: "on" });
});

test("an option that does not exist or is out of range is refused before anything is sent", async () => {
  const callback = async (): Promise<void> => fail();
  for (const options of [{ retries: -1 }, { retries: 101 }, { isolation: "chaos" }, { readonly: true }])
    await expect(db.transaction(callback, options as never)).rejects.toThrow(OptionError);
  await db.transaction(async (tx) => {
    for (const options of [{ retries: 1 }, { isolation: "serializable" }])
      await expect(tx.transaction(callback, options as never)).rejects.toThrow(OptionError);
  });
});

test("a transaction whose failed statement was caught is no success", async () => {
  const transaction = db.transaction(async (tx) => {
    await tx.query("update account set balance = 11 where id = 1");
    await tx.query("update account set balance = -1 where id = 2").catch(() => {});
  });
  await expect(transaction).rejects.toMatchObject({
    code: "TRANSACTION_ABORTED",
    retryable: false,
    cause: { code: "CHECK_VIOLATION" },
  });
  expect(await balances()).toEqual([10, 20]);
});

test("a statement after a failed one says which one failed first", async () => {
  const transaction = db.transaction(async (tx) => {
    await tx.query("update account set balance = -1 where id = 2").catch(() => {});
    await tx.query("select 1");
  });
  await expect(transaction).rejects.toMatchObject({ code: "TRANSACTION_ABORTED", cause: { code: "CHECK_VIOLATION" } });
});

test("a constraint checked at commit fails the commit, and afterCommit is not run", async () => {
  let ran = false;
  const transaction = db.transaction(async (tx) => {
    tx.afterCommit(() => {
      ran = true;
    });
    await tx.query("insert into entry values (99, 'orphan')");
  });
  await expect(transaction).rejects.toThrow(ForeignKeyViolationError);
  expect(ran).toBe(false);
});

test("a transaction that ended refuses every call", async () => {
  const tx = await db.transaction(async (open) => open);
  await expect(tx.query("select 1")).rejects.toThrow(TransactionEndedError);
  await expect(tx.transaction(async () => {})).rejects.toThrow(TransactionEndedError);
  expect(() => tx.afterCommit(() => {})).toThrow(TransactionEndedError);
});

test("a commit of the callback's own ends the transaction: nothing after it runs", async () => {
  const transaction = db.transaction(async (tx) => {
    await tx.query("update account set balance = 11 where id = 1");
    await tx.query("commit").catch(() => {});
    await tx.query("update account set balance = 21 where id = 2").catch(() => {});
  });
  await expect(transaction).rejects.toThrow(TransactionEndedError);
  expect(await balances()).toEqual([11, 20]);
});

test("db inside its own transaction is refused, tx and another database's db are not, and an option allows it", async () => {
  const second = await connect({ writeUrl: database.url, service: "other" });
  try {
    await db.transaction(async (tx) => {
      await expect(db.query("select 1")).rejects.toThrow(DatabaseUsedInTransactionError);
      await expect(db.transaction(async () => {})).rejects.toThrow(DatabaseUsedInTransactionError);
      await tx.query("select 1");
      await second.query("select 1");
      await second.transaction(async (inner) => {
        await inner.query("select 1");
        await tx.query("select 1");
        await expect(db.query("select 1")).rejects.toThrow(DatabaseUsedInTransactionError);
      });
    });
    await db.transaction(async () => await db.query("select 1"), { allowDatabaseCalls: true });
  } finally {
    await second.close();
  }
});
