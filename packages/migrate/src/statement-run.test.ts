import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { killHard, spawnWorker } from "@plinth/testing";
import { apply } from "./apply.ts";
import { Events, Project, rejection } from "./fixtures/project.ts";
import { CancelledError, InterruptedFileError, InvalidIndexError, SqlFailureError } from "./run-errors.ts";
import { status } from "./status.ts";

// Files with `-- disable auto transaction`: what stays, what is done again, and what nobody can know.
const NO_TRANSACTION = "-- disable auto transaction\n";
let project: Project;

beforeEach(async () => {
  project = await Project.create();
});
afterEach(() => project.drop());

const run = (options = {}) => apply(project.url, project.migrations(), { access: null, ...options });
const write = (text: string, name = "002-n.sql") => project.write("app", { [name]: NO_TRANSACTION + text });
const states = () =>
  project.column(
    "select number || ' ' || status || coalesce(' ' || statements_done, '') from plinth_migrate.ledger order by id",
  );

test("a file of several statements that can't run in a transaction runs", async () => {
  project.write("app", { "001-t.sql": "create table t (id int)", "003-u.sql": "create table u (id int)" });
  write("create index concurrently i on t (id); create index concurrently j on t (id);\nvacuum t;");
  await run();
  expect(
    await project.column(
      "select indexrelid::regclass::text from pg_index where indisvalid and indrelid = 't'::regclass order by 1",
    ),
  ).toEqual(["i", "j"]);
  expect(await states()).toEqual(["1 applied", "2 applied 3", "3 applied"]);
});

test("files before one without a transaction are a transaction of their own", async () => {
  project.write("app", { "001-t.sql": "create table t (id int)", "003-u.sql": "create table u (id int); select 1/0" });
  write("create table n (id int)");
  await rejection(run(), SqlFailureError);
  expect(await project.column("select tablename::text from pg_tables where schemaname = 'public' order by 1")).toEqual([
    "n",
    "t",
  ]);
});

test("a later run goes on at the statement that failed, and the ones before it don't run again", async () => {
  write("create table t (id int);\ninsert into t values (1);\ninsert into t values ('x');\ninsert into t values (3)");
  const error = await rejection(run(), SqlFailureError);
  expect(error).toMatchObject({ kind: "partial", sqlstate: "22P02", line: 4, column: 23 });
  expect(await states()).toEqual(["2 failed 2"]);
  expect((await status(project.url, project.migrations(), { access: null })).stopped).toMatchObject([
    { number: 2, status: "failed", statementsDone: 2, statementCount: 4 },
  ]);

  write("create table t (id int);\ninsert into t values (1);\ninsert into t values (2);\ninsert into t values (3)");
  await run();
  expect(await project.column("select id from t order by id")).toEqual([1, 2, 3]);
  expect((await run()).applied).toEqual([]);
});

test("a resumed file whose done statements were changed is refused with the place", async () => {
  write("create table t (id int);\nselect 1/0");
  await rejection(run(), SqlFailureError);
  write("create table t (id bigint);\nselect 1");
  const error = await rejection(run(), InterruptedFileError);

  expect(error).toMatchObject({ code: "MIG305", kind: "validation", positions: [{ line: 2 }] });
  expect(await states()).toEqual(["2 failed 1"]);
});

test("what a file set for itself is set again when it is resumed, and is gone afterwards", async () => {
  write("create schema s;\nset search_path to s;\nselect 1/0;\ncreate table t (id int)");
  await rejection(run(), SqlFailureError);
  write("create schema s;\nset search_path to s;\nselect 1;\ncreate table t (id int)");
  project.write("app", { "003-u.sql": "create table u (id int)" });
  await run();
  expect(
    await project.column(
      "select schemaname || '.' || tablename from pg_tables where tablename in ('t', 'u') order by tablename",
    ),
  ).toEqual(["s.t", "public.u"]);
});

test("a statement and the note that it is done are one transaction: killed in between, it is not done twice", async () => {
  write("create table t (id int);\ninsert into t values (1);\ninsert into t select 2 from pg_sleep(60)");
  project.write("app", { "namespaces.txt": "" });
  const worker = await spawnWorker(new URL("./fixtures/apply-worker.mjs", import.meta.url), {
    args: [project.url, project.path("app")],
  });
  await worker.message("started");
  await project.sleeping();
  await killHard(worker);
  expect(await states()).toContain("2 running 2");
  write("create table t (id int);\ninsert into t values (1);\ninsert into t select 2 from pg_sleep(0)");

  // The third statement is another than the one that was cut off, so that nothing is known of it.
  expect(await rejection(run(), InterruptedFileError)).toMatchObject({ code: "MIG304", positions: [{ line: 4 }] });
  await project.rows("create or replace function public.pg_sleep(double precision) returns void return null");
  await project.rows(`alter database ${project.test.name} set search_path to public, pg_catalog`);
  write("create table t (id int);\ninsert into t values (1);\ninsert into t select 2 from pg_sleep(60)");
  await run();
  expect(await project.column("select id from t order by id")).toEqual([1, 2]);
});

test("a statement that can't share a transaction with its note, and was cut off, asks for an operator", async () => {
  write("create procedure p() language plpgsql as $$ begin commit; perform pg_sleep(60); end $$;\ncall p()");
  project.write("app", { "namespaces.txt": "" });
  const worker = await spawnWorker(new URL("./fixtures/apply-worker.mjs", import.meta.url), {
    args: [project.url, project.path("app")],
  });
  await worker.message("started");
  await project.sleeping();
  await killHard(worker);
  const error = await rejection(run(), InterruptedFileError);

  expect(error).toMatchObject({ code: "MIG304", kind: "validation", positions: [{ line: 3 }] });
  expect(error.hint).toContain("repair");
});

test("what a failed unique index left behind is removed before the next attempt, and the index ends up valid", async () => {
  project.write("app", { "001-t.sql": "create table t (id int); insert into t values (1), (1)" });
  write("create unique index concurrently if not exists i on t (id)");
  expect(await rejection(run(), SqlFailureError)).toMatchObject({ kind: "partial", sqlstate: "23505", line: 2 });
  expect(await project.column("select indisvalid from pg_index where indexrelid = 'i'::regclass")).toEqual([false]);
  await project.rows("delete from t where ctid = (select min(ctid) from t)");
  await run();

  expect(await project.column("select indisvalid from pg_index where indexrelid = 'i'::regclass")).toEqual([true]);
  await expect(project.rows("insert into t values (1)")).rejects.toMatchObject({ code: "23505" });
});

test("an index of that name that is not valid and not ours is never dropped, and never taken for done", async () => {
  await project.rows("create table t (id int); insert into t values (1), (1)");
  await expect(project.rows("create unique index concurrently i on t (id)")).rejects.toMatchObject({ code: "23505" });
  write("create unique index concurrently if not exists i on t (id)");
  const error = await rejection(run(), InvalidIndexError);

  expect(error.index).toBe("public.i");
  expect(await project.column("select count(*)::int from pg_index where indexrelid = 'i'::regclass")).toEqual([1]);
});

test("an index build that waits longer than the lock timeout is not cut short", async () => {
  project.write("app", { "001-t.sql": "create table t (id int)" });
  await run();
  const reader = await project.client();
  await reader.query("begin; insert into t values (1)");
  write("create index concurrently i on t (id)");
  const events = new Events();
  const running = run({ statementLockTimeoutMs: 50, onEvent: events.hear });
  await events.next("blocked");
  await reader.query("commit");
  await running;
  expect(events.of("retrying")).toEqual([]);
});

test("an aborted file goes on at the statement that was cancelled", async () => {
  write("create table t (id int);\nselect pg_sleep(60)");
  const controller = new AbortController();
  const running = run({ signal: controller.signal });
  await project.sleeping();
  controller.abort();
  expect(await rejection(running, CancelledError)).toMatchObject({ kind: "partial" });

  write("create table t (id int);\nselect 1");
  await run();
  expect(await states()).toEqual(["2 failed 1", "2 applied 2"]);
});

test("text that is no SQL is refused with its place before anything runs", async () => {
  write("create table t (id int);\nselect '😀', from from");
  expect(await rejection(run(), SqlFailureError)).toMatchObject({
    kind: "failed",
    sqlstate: "42601",
    line: 3,
    column: 13,
  });
  expect(await project.column("select to_regclass('t')")).toEqual([null]);
});
