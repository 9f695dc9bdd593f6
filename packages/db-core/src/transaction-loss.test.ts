import { afterAll, beforeEach, expect, test } from "@jest/globals";
import pg from "pg";
import { connect } from "./connect.ts";
import { ConnectionLostError } from "./database-errors/connection-lost.ts";
import { openBank } from "./fixtures/bank.ts";
import { run } from "./fixtures/session-database.ts";

const { database, db, other, balances, reset, close } = await openBank();

beforeEach(reset);
afterAll(close);

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
