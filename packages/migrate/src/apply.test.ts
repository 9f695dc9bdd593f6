import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { apply } from "./apply.ts";
import { InvalidFilesError } from "./file-errors.ts";
import { Events, Project, rejection } from "./fixtures/project.ts";
import { loadMigrations } from "./load-migrations.ts";
import { plan } from "./plan-command.ts";
import { EditedError, OutOfOrderError, SqlFailureError } from "./run-errors.ts";

// Real Postgres throughout: what a batch promises is what a transaction of the server's does.
let project: Project;

beforeEach(async () => {
  project = await Project.create();
});
afterEach(() => project.drop());

const run = (options = {}) => apply(project.url, project.migrations(), { access: null, ...options });
const ledger = () => project.column("select namespace || ':' || number from plinth_migrate.ledger order by id");
const schemas = () =>
  project.column("select nspname::text from pg_namespace where nspname in ('a', 'b', 'c') order by nspname");

test("files run in order of their numbers, imported namespaces first, and once", async () => {
  project.write("base", { "9-schema.sql": "create schema a", "010-table.sql": "create table a.t (id int)" });
  project.write("app", {
    "100-last.sql": "insert into a.t values (100)",
    "20-first.sql": "insert into a.t values (20)",
  });
  const first = await run();
  const second = await run();

  expect(first.applied.map(({ file }) => file.number)).toEqual([9, 10, 20, 100]);
  expect(second.applied).toEqual([]);
  expect(await ledger()).toEqual(["base:9", "base:10", "app:20", "app:100"]);
  expect(await project.column("select id from a.t")).toEqual([20, 100]);
});

test("a failure takes back all of its namespace's batch, and keeps the namespaces before it", async () => {
  project.write("base", { "001-a.sql": "create schema a" });
  project.write("app", { "001-b.sql": "create schema b", "002-c.sql": "create schema c; select 1/0" });
  const error = await rejection(run(), SqlFailureError);

  expect(error.kind).toBe("failed");
  expect(error.sqlstate).toBe("22012");
  expect(await schemas()).toEqual(["a"]);
  expect(await ledger()).toEqual(["base:1"]);
});

test("with a transaction a file, what ran before the failure stays", async () => {
  project.write("app", { "001-b.sql": "create schema b", "002-c.sql": "create schema c; select 1/0" });
  await rejection(run({ transaction: "file" }), SqlFailureError);

  expect(await schemas()).toEqual(["b"]);
  expect(await ledger()).toEqual(["app:1"]);
});

test("an applied numbered file that was edited stops the run before anything runs", async () => {
  project.write("base", { "001-a.sql": "create schema a" });
  await run();
  project.write("base", { "001-a.sql": "create schema a;" }).write("app", { "001-b.sql": "create schema b" });
  const error = await rejection(run(), EditedError);

  expect(error.kind).toBe("validation");
  expect(error.edited.map(({ file }) => file.fileName)).toEqual(["001-a.sql"]);
  expect(await schemas()).toEqual(["a"]);
});

test("line ends and a byte order mark are no edit", async () => {
  project.write("app", { "001-a.sql": "create schema a;\ncreate schema b;\n" });
  await run();
  project.write("app", { "001-a.sql": "\ufeffcreate schema a;\r\ncreate schema b;\r\n" });
  expect((await run()).applied).toEqual([]);
});

test("a repeatable file that goes from A to B and back to A runs three times", async () => {
  const texts = ["select 'A'", "select 'B'", "select 'A'", "select 'A'"];
  const ran: number[] = [];
  for (const text of texts) {
    project.write("app", { "001-r-view.sql": text });
    ran.push((await run()).applied.length);
  }
  expect(ran).toEqual([1, 1, 1, 0]);
});

test("which row is the latest is told by id, whatever the clocks said", async () => {
  project.write("app", { "001-r-view.sql": "select 'A'" });
  await run();
  project.write("app", { "001-r-view.sql": "select 'B'" });
  await run();
  await project.rows("update plinth_migrate.ledger set finished_at = now() + interval '1 year' where id = 1");
  expect((await run()).applied).toEqual([]);
});

test("an older checkout warns, changes nothing and succeeds", async () => {
  project.write("app", {
    "001-a.sql": "create schema a",
    "900-r-f.sql": "create or replace function a.f() returns int return 1",
  });
  await run();
  project.write("app", {
    "002-c.sql": "-- f answers 2",
    "900-r-f.sql": "create or replace function a.f() returns int return 2",
  });
  await run();
  project.remove("app", "002-c.sql");
  project.write("app", { "900-r-f.sql": "create or replace function a.f() returns int return 1" });
  const older = await run();

  expect(older.applied).toEqual([]);
  expect(older.warnings).toEqual([expect.stringContaining("older checkout")]);
  expect(await project.column("select a.f()")).toEqual([2]);
});

test("deleted files never fail a run", async () => {
  project.write("app", { "001-a.sql": "create schema a", "002-b.sql": "create schema b", "003-c.sql": "select 1" });
  await run();
  project.remove("app", "001-a.sql").remove("app", "002-b.sql");
  expect((await run()).warnings).toEqual([]);
});

test("a new lower number runs with a warning, and is refused under strict; a new namespace is neither", async () => {
  project.write("app", { "005-a.sql": "create schema a" });
  await run();
  project.write("app", { "003-b.sql": "create schema b" }).write("new", { "001-c.sql": "create schema c" });
  await rejection(run({ strict: true }), OutOfOrderError);
  expect(await schemas()).toEqual(["a"]);
  const result = await run();

  expect(result.applied.map(({ file }) => file.fileName)).toEqual(["003-b.sql", "001-c.sql"]);
  expect(result.warnings).toEqual([expect.stringContaining("003-b.sql")]);
});

test("what a file does to its session reaches neither the next file nor the ledger", async () => {
  project.write("app", {
    "001-dump.sql":
      "create role migrate_f10; create schema a; select set_config('search_path', '', false); set role migrate_f10",
    "002-table.sql": "create table t (id int); set statement_timeout = 1; set session authorization migrate_f10",
    "003-sleep.sql": "select pg_sleep(0.01); drop role migrate_f10",
  });
  await run();
  expect(await project.column("select 't'::regclass::text")).toEqual(["t"]);
  expect(await ledger()).toHaveLength(3);
});

test("a file with transaction control is refused, and its batch is taken back", async () => {
  project.write("app", { "001-a.sql": "create schema a", "002-b.sql": "create schema b;\n  commit;\nselect 1/0" });
  const error = await rejection(run(), InvalidFilesError);

  expect(error.positions[0]).toMatchObject({ file: project.path("app", "002-b.sql"), line: 2, column: 3 });
  expect(await schemas()).toEqual([]);
});

test("the place of a failure counts characters, not UTF-16 units", async () => {
  project.write("app", { "001-a.sql": "\ufeff-- 😀\r\ncreate schema a;\r\nselect '😀😀', nmae from pg_class;\r\n" });
  const error = await rejection(run(), SqlFailureError);

  expect(error).toMatchObject({ sqlstate: "42703", file: project.path("app", "001-a.sql"), line: 3, column: 14 });
  expect(error.positions[0]?.text).toBe("select '😀😀', nmae from pg_class;");
});

test("copy from stdin is refused with its place and does not hang", async () => {
  project.write("app", { "001-a.sql": "create table t (id int);\ncopy t from stdin;\n" });
  expect((await rejection(run(), InvalidFilesError)).positions[0]).toMatchObject({ line: 2 });
});

test("a failure without a position is found by the statement that failed", async () => {
  project.write("app", {
    "001-t.sql":
      "create table t (id int primary key);\n-- one; two\ninsert into t values (1);\n\ninsert into t values (1);\nselect 1",
  });
  expect(await rejection(run(), SqlFailureError)).toMatchObject({ sqlstate: "23505", line: 5, column: 1 });
});

test("a failure is told of the file that failed, whatever ran before it in the same transaction", async () => {
  project.write("app", {
    "001-a.sql": "create schema a;;",
    "002-b.sql": "select 1;\nselect 1/0",
    "003-c.sql": "select 1",
  });
  expect(await rejection(run(), SqlFailureError)).toMatchObject({ line: 2, file: project.path("app", "002-b.sql") });
});

test("a deferred constraint that fails at COMMIT is told of the batch's files, and nothing stays", async () => {
  project.write("app", {
    "001-t.sql": "create table t (id int primary key, parent int references t deferrable initially deferred)",
    "002-row.sql": "insert into t values (1, 2)",
  });
  const error = await rejection(run(), SqlFailureError);

  expect(error).toMatchObject({ sqlstate: "23503", kind: "failed" });
  expect(error.positions.map(({ file }) => file)).toContain(project.path("app", "002-row.sql"));
  expect(await project.column("select to_regclass('t')")).toEqual([null]);
});

test("a new enum value used in the same transaction comes with what to do", async () => {
  project.write("app", { "001-e.sql": "create type e as enum ('a')" });
  await run();
  project.write("app", { "002-b.sql": "alter type e add value 'b'", "003-use.sql": "select 'b'::e" });
  const error = await rejection(run(), SqlFailureError);

  expect(error).toMatchObject({ sqlstate: "55P04", file: project.path("app", "003-use.sql") });
  expect(error.hint).toContain("-- disable auto transaction");
});

test("what can't run in a transaction comes with what to do", async () => {
  project.write("app", {
    "001-i.sql": "create table t (id int);",
    "002-i.sql": "create index concurrently i on t (id)",
  });
  const error = await rejection(run(), SqlFailureError);
  expect(error).toMatchObject({ sqlstate: "25001", file: project.path("app", "002-i.sql"), line: 1 });
  expect(error.hint).toContain("-- disable auto transaction");
});

test("a function that create or replace can't replace comes with the statement that drops it", async () => {
  const made = (columns: string) =>
    `create or replace function a.f(id int, "at" timestamptz) returns table (${columns}) language sql as 'select 1, 2'`;
  project.write("app", { "001-a.sql": "create schema a", "900-r-f.sql": made("x int, y int") });
  await run();
  project.write("app", { "900-r-f.sql": made("x int, z int") });
  const error = await rejection(run(), SqlFailureError);
  expect(error.sqlstate).toBe("42P13");
  expect(error.hint).toContain("`drop function if exists a.f(integer,timestamp with time zone);` above its @proc line");
});

test("the plan is told with the reason of each file before the first runs", async () => {
  const events = new Events();
  project.write("app", { "001-a.sql": "select 1", "900-r-f.sql": "select 1" });
  await run();
  project.write("app", { "002-b.sql": "select 1", "900-r-f.sql": "select 2" });
  await run({ onEvent: events.hear });
  expect(
    events.of("planned").flatMap(({ files }) => files.map(({ file, reason }) => `${file.number} ${reason}`)),
  ).toEqual(["2 new", "900 changed"]);
});

test("plan writes nothing and takes no lock", async () => {
  project.write("app", { "001-a.sql": "create schema a" });
  const client = await project.client();
  await client.query("begin");
  const before = await project.column("select count(*) from pg_namespace");
  const result = await plan(project.url, project.migrations(), { access: null });

  expect(result.pending.map(({ file }) => file.fileName)).toEqual(["001-a.sql"]);
  expect(await project.column("select count(*) from pg_namespace")).toEqual(before);
  await client.query("rollback");
});

test("files are called committed only after their COMMIT", async () => {
  project.write("app", { "001-a.sql": "create schema a", "002-b.sql": "select 1/0" });
  const events = new Events();
  await rejection(run({ onEvent: events.hear }), SqlFailureError);

  expect(events.of("ran").map(({ file }) => file.number)).toEqual([1]);
  expect(events.of("committed")).toEqual([]);
  expect(events.of("rolled back")).toHaveLength(1);
});

test("a repeatable file runs again when a numbered one dropped what it makes, and callers keep their grants", async () => {
  const view = `-- @proc mode=read returns=scalar since=1
create or replace function a.f() returns bigint language sql stable security definer begin atomic select count(*) from a.t; end;`;
  // Promises are kept by db-core's own migrations, so that these are loaded as an application's are.
  const runLoaded = async () => apply(project.url, await loadMigrations(project.path("app")), { access: null });
  project.write("app", {
    "001-t.sql": "create schema a; create table a.t (id int)",
    "900-r-f.sql": view,
    "namespaces.txt": "",
  });
  await runLoaded();
  await project.rows("grant execute on function a.f to pg_monitor");
  project.write("app", { "002-t.sql": "drop function if exists a.f; alter table a.t alter id type bigint" });
  const { applied } = await runLoaded();

  expect(applied.map(({ file }) => file.fileName)).toEqual(["002-t.sql", "900-r-f.sql"]);
  expect(await project.column("select has_function_privilege('pg_monitor', 'a.f()', 'execute')")).toEqual([true]);
});

test("an older checkout with a file of its own runs that file, and puts no old body back", async () => {
  const f = (answer: number) => `create or replace function a.f() returns int return ${answer}`;
  project.write("app", { "001-a.sql": "create schema a", "005-e.sql": "select 5", "900-r-f.sql": f(2) });
  await run();
  project
    .remove("app", "005-e.sql")
    .write("app", { "003-c.sql": "create schema c", "800-r-f.sql": f(1), "900-r-f.sql": f(1) });
  const { applied } = await run();

  expect(applied.map(({ file }) => file.fileName)).toEqual(["003-c.sql"]);
  expect(await project.column("select a.f()")).toEqual([2]);
});
