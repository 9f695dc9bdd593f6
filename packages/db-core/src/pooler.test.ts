import { afterAll, expect, test } from "@jest/globals";
import { startPgBouncer } from "@plinth/testing";
import { connect } from "./connect.ts";
import { procedure, procedureDatabase, shopContract } from "./fixtures/procedure-database.ts";

const contract = shopContract({
  pid: procedure("pid", "read", "scalar", {}, { value: "integer" }),
  sneak: procedure("sneak", "read", "scalar", {}, { value: "bigint" }),
  add: procedure("add", "write", "scalar", {}, { value: "bigint" }),
});

const database = await procedureDatabase(`
  create schema shop;
  create table shop.item (id bigint generated always as identity primary key);
  create function shop.pid() returns integer language sql stable begin atomic select pg_backend_pid(); end;
  create function shop.sneak() returns bigint language sql volatile begin atomic insert into shop.item default values returning id; end;
  create function shop.add() returns bigint language sql volatile begin atomic insert into shop.item default values returning id; end;
`);
// Fewer connections to the server than callers: what one leaves behind another would meet.
const bouncer = await startPgBouncer({ url: database.url, poolSize: 2 });
const url = new URL(bouncer.url);
url.pathname = `/${database.name}`;
const db = await connect({ writeUrl: url.href, statementTimeoutMs: 12_000, idleInTransactionTimeoutMs: 13_000 });
const shop = db.procsOf(contract).shop;

afterAll(async () => {
  await db.close();
  await bouncer.close();
  await database.drop();
});

test("behind a transaction pooler calls work, reads stay read-only, and nothing is left on a connection", async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 60 }, (_, index) =>
      (index % 3 === 0 ? shop.sneak! : index % 3 === 1 ? shop.add! : shop.pid!)(),
    ),
  );
  for (const [index, outcome] of outcomes.entries()) {
    if (index % 3 === 0) expect(outcome).toMatchObject({ status: "rejected", reason: { code: "READ_ONLY" } });
    else expect(outcome.status).toBe("fulfilled");
  }
  const { rows } = await db.query(
    "select current_setting('transaction_read_only') as on, count(*)::int as prepared from pg_prepared_statements",
  );
  expect(rows).toEqual([{ on: "off", prepared: 0 }]);
});

test("behind a transaction pooler limits are set in each transaction, and only there", async () => {
  const limits =
    "select current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle";
  await db.transaction(async (tx) => {
    expect((await tx.query(limits)).rows).toEqual([{ statement: "12s", idle: "13s" }]);
  });
  expect((await db.query(limits)).rows).toEqual([{ statement: "0", idle: "0" }]);
});

test("behind a transaction pooler listening is refused, and says why", async () => {
  await expect(db.listen("news", () => {})).rejects.toMatchObject({ code: "LISTEN_THROUGH_POOLER" });
});

test("a server without a pooler is recognised", async () => {
  const direct = await connect({ writeUrl: database.url });
  const pids = await Promise.all(Array.from({ length: 50 }, () => direct.procsOf(contract).shop.pid!()));
  expect(new Set(pids).size).toBeLessThanOrEqual(2);
  await direct.close();
});
