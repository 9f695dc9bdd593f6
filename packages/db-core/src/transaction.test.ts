import { afterAll, beforeEach, expect, test } from "@jest/globals";
import pg from "pg";
import { connect } from "./connect.ts";
import { defineContract } from "./contract.ts";
import type { IterateOptional, ProcedureOptional } from "./database.ts";
import { ConnectionLostError } from "./database-errors/connection-lost.ts";
import { ForeignKeyViolationError } from "./database-errors/foreign-key-violation.ts";
import { SerializationError } from "./database-errors/serialization.ts";
import type { DatabaseEvent } from "./events.ts";
import { otherProcess, run, sessionDatabase } from "./fixtures/session-database.ts";
import { OptionError } from "./option-error.ts";
import { NestedTransactionOpenError, TransactionAbortedError, TransactionEndedError } from "./transaction-errors.ts";
import { DatabaseUsedInTransactionError } from "./transaction-scope.ts";

const database = await sessionDatabase();
const events: DatabaseEvent[] = [];
const bank = defineContract<{
  shared: { readonly public: { total: ProcedureOptional<object, bigint> } };
  services: object;
  iterate: { readonly public: { list: IterateOptional<object, { readonly id: number }> } };
}>({
  name: "bank",
  version: 0,
  migrations: "",
  procedures: {
    public: {
      total: {
        schema: "public",
        name: "total",
        mode: "read",
        returns: "scalar",
        args: [],
        columns: [["value", "value", "int8"]],
      },
      list: {
        schema: "public",
        name: "list_accounts",
        mode: "read",
        returns: "many",
        args: [
          ["pageSize", "page_size_in", "int4"],
          ["afterId", "after_id_in", "int4", true],
        ],
        columns: [["id", "id", "int4"]],
        keyset: ["id"],
      },
    },
  },
});
const db = await connect({
  writeUrl: database.url,
  service: "bank",
  namespaces: [bank],
  poolMax: 3,
  onEvent: (event) => events.push(event),
});
const other = await otherProcess(database.url);

beforeEach(async () => {
  events.length = 0;
  await run(database.url, "truncate account, entry; insert into account values (1, 10), (2, 20)");
});

afterAll(async () => {
  await db.close();
  await other.end();
  await database.drop();
});

async function balances(): Promise<number[]> {
  const { rows } = await other.query<{ balance: number }>("select balance from account order by id");
  return rows.map((row) => row.balance);
}

const fail = (): never => {
  throw new Error("no");
};

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

test("a connection killed inside the callback fails it with nothing written, and is not used again", async () => {
  let killed = 0;
  const transaction = db.transaction(async (tx) => {
    await tx.query("update account set balance = 11 where id = 1");
    const { rows } = await tx.query<{ pid: number }>("select pg_backend_pid() as pid");
    killed = rows[0]?.pid ?? 0;
    await other.query("select pg_terminate_backend($1, 5000)", [killed]);
    await tx.query("select 1");
  });
  await expect(transaction).rejects.toThrow(ConnectionLostError);
  expect(await balances()).toEqual([10, 20]);

  const pids = await Promise.all(
    [1, 2, 3].map(() => db.transaction((tx) => tx.query<{ pid: number }>("select pg_backend_pid() as pid"))),
  );
  expect(pids.map(({ rows }) => rows[0]?.pid)).not.toContain(killed);
});

test("a connection that can't be rolled back is closed, not given to the next transaction", async () => {
  // The caller's own pool gives answers up after a while: its connection is busy still, and looks well.
  const pool = new pg.Pool({ connectionString: database.url, max: 1, query_timeout: 200 });
  const pooled = await connect({ pool });
  await expect(pooled.transaction((tx) => tx.query("select pg_sleep(1.5)"))).rejects.toThrow();
  expect((await pooled.transaction((tx) => tx.query("select 1 as one"))).rows).toEqual([{ one: 1 }]);
  await pooled.close();
  await pool.end();
});

test("a connection lost at COMMIT leaves the outcome unknown, and says so", async () => {
  await run(
    database.url,
    `create or replace function die() returns trigger language plpgsql as $$
       begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
     create constraint trigger die after insert on entry deferrable initially deferred for each row execute function die()`,
  );
  try {
    let ran = false;
    const transaction = db.transaction(async (tx) => {
      tx.afterCommit(() => {
        ran = true;
      });
      await tx.query("insert into entry values (1, 'last words')");
    });
    await expect(transaction).rejects.toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown" });
    expect(ran).toBe(false);
  } finally {
    await run(database.url, "drop trigger die on entry");
  }
});

function barrier(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
