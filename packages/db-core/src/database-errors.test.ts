import { afterAll, expect, test } from "@jest/globals";
import { connect } from "./connect.ts";
import { procedure, procedureDatabase, shopContract } from "./fixtures/procedure-database.ts";
import { otherProcess } from "./fixtures/session-database.ts";

const contract = shopContract({
  raise: procedure("raise", "write", "void", { state: "text", message: "text" }),
  hang: procedure("hang", "write", "void"),
});

const database = await procedureDatabase(`
  create schema shop;
  create table shop.item (id integer primary key check (id > 0), parent integer references shop.item, name text not null default '');
  insert into shop.item values (1);
  create function shop.raise(state_in text, message_in text) returns void language plpgsql
    as 'begin raise exception using errcode = state_in, message = message_in, detail = ''the detail'', hint = ''the hint''; end';
  create function shop.hang() returns void language plpgsql as 'begin perform pg_advisory_xact_lock(1); end';
`);
const db = await connect({ writeUrl: database.url, statementTimeoutMs: 10_000 });
const shop = db.procsOf(contract).shop;
const other = await otherProcess(database.url);

afterAll(async () => {
  await db.close();
  await other.end();
  await database.drop();
});

test.each([
  [
    "insert into shop.item values (1)",
    { code: "UNIQUE_VIOLATION", constraint: "item_pkey", schema: "shop", table: "item" },
  ],
  ["insert into shop.item values (2, 99)", { code: "FOREIGN_KEY_VIOLATION", constraint: "item_parent_fkey" }],
  ["insert into shop.item values (0)", { code: "CHECK_VIOLATION", constraint: "item_id_check" }],
  ["insert into shop.item values (3, null, null)", { code: "NOT_NULL_VIOLATION", column: "name" }],
  ["set local statement_timeout = 1; select pg_sleep(1)", { code: "STATEMENT_TIMEOUT", sqlstate: "57014" }],
  ["begin read only; insert into shop.item values (4)", { code: "READ_ONLY" }],
  ["select nothing", { code: "DATABASE_ERROR", sqlstate: "42703" }],
])("%s fails with what a caller can act on", async (text, expected) => {
  const error = await db.query(text).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ ...expected, retryable: false, cause: expect.anything() });
});

test.each([
  ["40001", "SERIALIZATION_FAILURE", true],
  ["40P01", "DEADLOCK", true],
  ["55P03", "LOCK_TIMEOUT", true],
  ["42501", "PERMISSION_DENIED", false],
  ["25006", "READ_ONLY", false],
  ["53300", "TOO_MANY_CONNECTIONS", true],
  ["P0001", "DATABASE_ERROR", false],
])("SQLSTATE %s is %s", async (state, code, retryable) => {
  await expect(shop.raise!({ state, message: "no" })).rejects.toMatchObject({
    code,
    retryable,
    sqlstate: state,
    message: "no",
    hint: "the hint",
  });
});

test("what the server says of rows is in the detail, not in the message", async () => {
  const error = (await shop.raise!({ state: "23505", message: "duplicate" }).catch(
    (caught: unknown) => caught,
  )) as Error;
  expect(error.message).not.toContain("the detail");
  expect(error).toMatchObject({ detail: "the detail" });
});

test("a write whose connection is lost has an unknown outcome, and is not retryable", async () => {
  await other.query("select pg_advisory_lock(1)");
  const lost = shop.hang!().catch((caught: unknown) => caught);
  const kill =
    "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'advisory' and pid <> pg_backend_pid()";
  while ((await other.query(kill)).rowCount === 0);
  expect(await lost).toMatchObject({ code: "CONNECTION_LOST", outcome: "unknown", retryable: false });
  await other.query("select pg_advisory_unlock(1)");
  await shop.hang!();
});
