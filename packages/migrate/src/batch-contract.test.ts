import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { checkContracts } from "./batch-contract.ts";
import { ContractError } from "./contract-error.ts";
import { BatchDatabase, graphOf } from "./fixtures/batch-database.ts";

// Real Postgres throughout: what is checked is what Postgres makes of the files.
const tables = `
  create schema notes;
  create table notes.note (id bigint primary key, body text not null);`;

const getNote = `
  -- @proc mode=read returns=maybe since=1
  create or replace function notes.get_note(id_in bigint)
  returns table (id bigint, body text)
  language sql stable security definer
  begin atomic
    select n.id, n.body from notes.note n where n.id = id_in;
  end;`;

let database: BatchDatabase;
const databases: BatchDatabase[] = [];

beforeEach(async () => {
  database = await BatchDatabase.create();
  databases.push(database);
  await database.installCore();
});

afterEach(async () => {
  for (const each of databases.splice(0)) await each.drop();
});

/** Applies version 1, then a version 2 with `repeatable`, and gives what it was refused for. */
async function refusal(repeatable: string, number2 = "select 1"): Promise<ContractError> {
  await database.apply({ numbered: { 1: tables }, repeatable: getNote });
  return refused(database.apply({ numbered: { 1: tables, 2: number2 }, run: [2], repeatable }));
}

async function refused(applied: Promise<void>): Promise<ContractError> {
  const error: unknown = await applied.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ContractError);
  return error as ContractError;
}

const codesOf = (error: ContractError) => error.problems.map((problem) => problem.code);

test("a batch that keeps every promise commits, and its promises are written down", async () => {
  await database.apply({ numbered: { 1: tables }, repeatable: getNote });
  const { rows } = await database.client.query("select * from plinth_core.list_promises() where namespace = 'notes'");
  expect(rows).toEqual([
    {
      schema_name: "notes",
      procedure_name: "get_note",
      namespace: "notes",
      mode: "read",
      returns: "maybe",
      service: null,
      since: 1,
      deprecated: null,
      signature: {
        args: [{ name: "id_in", type: "bigint", hasDefault: false }],
        columns: [
          { name: "id", type: "bigint" },
          { name: "body", type: "text" },
        ],
      },
      confirmed_version: 1,
    },
  ]);
});

test("db-core's own first batch, which makes the book of promises, is written down in it", async () => {
  expect(await database.value("select count(*) from plinth_core.list_promises()")).toBe("1");
});

test("a promised procedure that is gone is refused", async () => {
  const error = await refusal("select 1;", "drop function notes.get_note");
  expect(codesOf(error)).toEqual(["MIG501"]);
  expect(error.code).toBe("MIG501");
  expect(error.kind).toBe("contract");
});

test("an overload is refused, with both forms named", async () => {
  const error = await refusal(getNote.replace("(id_in bigint)", "(id_in bigint, owner_in text default null)"));
  expect(codesOf(error)).toEqual(["MIG502"]);
  expect(error.message).toContain("(id_in bigint) and (id_in bigint, owner_in text)");
  expect(error.hint).toContain("put `drop function if exists notes.get_note(bigint);` above its @proc line");
  expect(error.positions).toEqual([
    expect.objectContaining({ file: "/nowhere/notes/migrations/900-r-file.sql", line: 2 }),
  ]);
});

const dropFirst = "drop function if exists notes.get_note(bigint);\n";

test("an argument of another type is refused", async () => {
  const error = await refusal(dropFirst + getNote.replace("id_in bigint", "id_in integer"));
  expect(codesOf(error)).toEqual(["MIG503"]);
});

test("a result without a column that it had is refused", async () => {
  const error = await refusal(
    dropFirst + getNote.replace("(id bigint, body text)", "(id bigint)").replace("n.id, n.body", "n.id"),
  );
  expect(codesOf(error)).toEqual(["MIG504"]);
});

test("a read procedure that is volatile is refused", async () => {
  expect(codesOf(await refusal(getNote.replace("stable", "volatile")))).toEqual(["MIG505"]);
});

test("a procedure that is not security definer is refused", async () => {
  expect(codesOf(await refusal(getNote.replace("security definer", "")))).toEqual(["MIG506"]);
});

test("a procedure that a file grants to PUBLIC is refused", async () => {
  const error = await refusal(`${getNote}\ngrant execute on function notes.get_note to public;`);
  expect(codesOf(error)).toEqual(["MIG507"]);
});

test("a helper function that nobody promised may not be PUBLIC's either", async () => {
  const helper = "create function notes.helper() returns int language sql as 'select 1';";
  const error = await refusal(`${getNote}\n${helper}\ngrant execute on function notes.helper() to public;`);
  expect(error.problems).toEqual([expect.objectContaining({ code: "MIG507", procedure: "notes.helper" })]);
});

test("a body that looks names up when it runs needs a search_path of its own", async () => {
  const body = getNote.replace("begin atomic", () => "as $$").replace("end;", () => "$$;");
  expect(codesOf(await refusal(body))).toEqual(["MIG508"]);
  await database.apply({
    numbered: { 1: tables, 2: "" },
    run: [],
    repeatable: body.replace("security definer", "security definer set search_path = pg_catalog, pg_temp"),
  });
});

test("a procedure of another owner is refused", async () => {
  const error = await refusal(`${getNote}\nalter function notes.get_note owner to pg_monitor;`);
  expect(codesOf(error)).toEqual(["MIG509"]);
});

test("an annotation whose returns is not what the function returns is refused", async () => {
  const lie = `
    -- @proc mode=read returns=scalar since=2
    create function notes.list_ids() returns setof bigint language sql stable security definer
    begin atomic select n.id from notes.note n; end;
    -- @proc mode=read returns=many since=2
    create function notes.count_ids() returns bigint language sql stable security definer
    begin atomic select count(*) from notes.note n; end;`;
  const error = await refusal(getNote + lie);
  expect(error.problems.map(({ code, procedure }) => [code, procedure])).toEqual([
    ["MIG511", "notes.count_ids"],
    ["MIG511", "notes.list_ids"],
  ]);
});

test("everything that is wrong is told at once", async () => {
  const error = await refusal(
    getNote.replace("security definer", "").replace("stable", "volatile").replace("returns=maybe", "returns=one"),
  );
  expect(codesOf(error)).toEqual(["MIG504", "MIG505", "MIG506"]);
});

test("a mode that changes is refused", async () => {
  expect(codesOf(await refusal(getNote.replace("mode=read", "mode=write")))).toEqual(["MIG512"]);
});

test("a since above the namespace's version is refused", async () => {
  const error = await refused(
    database.apply({ numbered: { 1: tables }, repeatable: getNote.replace("since=1", "since=2") }),
  );
  expect(codesOf(error)).toEqual(["MIG513"]);
});

test("a procedure that is new without a new number is refused", async () => {
  await database.apply({ numbered: { 1: tables }, repeatable: getNote });
  const added = getNote + getNote.replace("get_note", "find_note");
  const error = await refused(database.apply({ numbered: { 1: tables }, run: [], repeatable: added }));
  expect(codesOf(error)).toEqual(["MIG514"]);
  expect(error.hint).toContain("let since be its number");
});

const wider =
  dropFirst +
  getNote
    .replace("(id_in bigint)", "(id_in bigint, full_in boolean default true)")
    .replace("body text)", "body text, full_body boolean)")
    .replace("n.body from", "n.body, full_in from");

test("a procedure that is wider without a new number is refused, and with one it is written down", async () => {
  await database.apply({ numbered: { 1: tables }, repeatable: getNote });
  const error = await refused(database.apply({ numbered: { 1: tables }, run: [], repeatable: wider }));
  expect(codesOf(error)).toEqual(["MIG514"]);
  expect(error.hint).toContain("since stays as it is");

  await database.apply({ numbered: { 1: tables, 2: "" }, run: [2], repeatable: wider });
  expect(
    await database.value("select confirmed_version from plinth_core.list_promises() where procedure_name = 'get_note'"),
  ).toBe(2);
});

test("a batch cut short after its numbered files can be finished later: since stands above what was confirmed", async () => {
  await database.apply({ numbered: { 1: tables }, repeatable: getNote });
  // The number is in the ledger, its repeatable files were never run: nothing was confirmed at version 2.
  const added = getNote + getNote.replace("get_note", "find_note").replace("since=1", "since=2");
  await database.apply({ numbered: { 1: tables, 2: "" }, run: [], repeatable: added });
});

test("an annotation of an argument or a column that the function doesn't have is refused", async () => {
  const error = await refusal(getNote.replace("since=1", "since=1\n-- @column text nullable\n-- @param key nullable"));
  expect(codesOf(error)).toEqual(["MIG515", "MIG515"]);
});

test("two packages can't promise the same procedure", async () => {
  await database.apply({ numbered: { 1: tables }, repeatable: getNote });
  const error = await refused(database.apply({ namespace: "other", numbered: { 1: "" }, repeatable: getNote }));
  expect(codesOf(error)).toEqual(["MIG516"]);
});

test("a refused batch leaves the database as it was", async () => {
  await refusal("select 1;", "drop function notes.get_note");
  expect(await database.value("select to_regprocedure('notes.get_note(bigint)') is not null")).toBe(true);
});

test("a numbered file that retypes what a body uses drops the function, and the unchanged repeatable file makes it again", async () => {
  await database.apply({ numbered: { 1: tables }, repeatable: getNote });
  const retype = "drop function notes.get_note; alter table notes.note alter body type varchar(100)";
  const cast = getNote.replace("n.body from", "n.body::text from");
  await database.apply({ numbered: { 1: tables, 2: retype }, run: [2], repeatable: cast, runRepeatable: false });
  expect(await database.value("select to_regprocedure('notes.get_note(bigint)') is not null")).toBe(true);
});

test("who could execute a function that is dropped and made again can still, when the batch commits", async () => {
  await database.apply({ numbered: { 1: tables }, repeatable: getNote });
  await database.client.query("grant execute on function notes.get_note to pg_monitor");
  await database.apply({ numbered: { 1: tables, 2: "" }, run: [2], repeatable: wider });
  expect(
    await database.value("select has_function_privilege('pg_monitor', 'notes.get_note(bigint, boolean)', 'execute')"),
  ).toBe(true);
});

test("what a file revokes from a function that stays is not given back", async () => {
  await database.apply({ numbered: { 1: tables }, repeatable: getNote });
  await database.client.query("grant execute on function notes.get_note to pg_monitor");
  const revoke = "revoke execute on function notes.get_note from pg_monitor";
  await database.apply({ numbered: { 1: tables, 2: revoke }, run: [2], repeatable: getNote });
  expect(await database.value("select has_function_privilege('pg_monitor', 'notes.get_note(bigint)', 'execute')")).toBe(
    false,
  );
});

test("a new function is not PUBLIC's, not even in the transaction that makes it", async () => {
  const look = `
    create table notes.seen as
    select exists (
      select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0
    ) as public
    from pg_proc p
    where p.oid = 'notes.get_note(bigint)'::regprocedure;`;
  await database.apply({ numbered: { 1: tables }, repeatable: getNote + look });
  expect(await database.value("select public from notes.seen")).toBe(false);
});

test("a default that somebody set for one schema does not make new functions PUBLIC's", async () => {
  await database.apply({ numbered: { 1: tables }, repeatable: getNote });
  await database.client.query("alter default privileges in schema notes grant execute on functions to public");
  const added = getNote + getNote.replace("get_note", "find_note").replace("since=1", "since=2");
  await database.apply({ numbered: { 1: tables, 2: "" }, run: [2], repeatable: added });
});

test("what was granted to PUBLIC by hand is taken back by the next batch, and is no file's fault", async () => {
  await database.apply({ numbered: { 1: tables }, repeatable: getNote });
  await database.client.query("grant execute on function notes.get_note to public");
  await database.apply({ numbered: { 1: tables, 2: "" }, run: [2], repeatable: getNote });
  const acl = "select proacl::text from pg_proc where oid = 'notes.get_note(bigint)'::regprocedure";
  expect(await database.value(acl)).not.toMatch(/[{,]=X/);
});

test("an older checkout's annotations don't count: the promises do", async () => {
  await database.apply({ numbered: { 1: tables }, repeatable: getNote });
  const deprecated = getNote.replace("since=1", "since=1 deprecated=2");
  await database.apply({ numbered: { 1: tables, 2: "" }, run: [2], repeatable: deprecated });
  await database.apply({ numbered: { 1: tables }, run: [], repeatable: getNote, runRepeatable: false });
});

test("an owner role that access.json comes to name is given what is there, and the next batch runs as it", async () => {
  const more = `${tables} create type notes.kind as enum ('a'); create domain notes.mail as text; create view notes.all_notes as select from notes.note;
    create table notes.counted (id serial, note_id bigint generated by default as identity);`;
  await database.apply({ numbered: { 1: more }, repeatable: getNote });
  const owner = `plinth_test_owner_${process.pid}`;
  await database.client.query(`create role ${owner}; grant create on database ${database.test.name} to ${owner}`);
  try {
    database.access = { rolePrefix: "", ownerRole: owner, services: {} };
    const added = `create table notes.more (note_id bigint references notes.note)`;
    await database.apply({ numbered: { 1: more, 2: added }, run: [2], repeatable: getNote });
    expect(await database.value("select nspowner::regrole::text from pg_namespace where nspname = 'notes'")).toBe(
      owner,
    );
    expect(
      await database.value(
        `select array_agg(oid::regclass) from pg_class where relnamespace = 'notes'::regnamespace and relowner <> '${owner}'::regrole`,
      ),
    ).toBeNull();
    expect(
      await database.value(
        `select array_agg(oid::regtype) from pg_type where typnamespace = 'notes'::regnamespace and typowner <> '${owner}'::regrole`,
      ),
    ).toBeNull();
  } finally {
    database.access = undefined;
    await database.client.query(`drop owned by ${owner} cascade; drop role ${owner}`);
  }
});

test("verify finds what was changed behind the migrator's back", async () => {
  await database.apply({ numbered: { 1: tables }, repeatable: getNote });
  const migrations = graphOf("@plinth/db-core", "notes");
  await checkContracts(database.client, { migrations, access: undefined });
  await database.client.query("alter function notes.get_note security invoker");
  await expect(checkContracts(database.client, { migrations, access: undefined })).rejects.toMatchObject({
    code: "MIG506",
    namespace: "notes",
  });
});
