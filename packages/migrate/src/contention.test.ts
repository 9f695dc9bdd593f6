import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { apply } from "./apply.ts";
import { ConnectionError } from "./connection-errors.ts";
import { Events, Project, rejection } from "./fixtures/project.ts";
import { CancelledError, SqlFailureError } from "./run-errors.ts";

// What a run does when others are in its way, or end it.
let project: Project;

beforeEach(async () => {
  project = await Project.create();
  project.write("app", { "001-t.sql": "create table t (id int); create schema a" });
  await run();
});
afterEach(() => project.drop());

const run = (options = {}) => apply(project.url, project.migrations(), { access: null, ...options });

async function idleReader() {
  const reader = await project.client();
  await reader.query("set application_name to 'a long report'; begin; select * from t");
  return reader;
}

test("a batch that waits for a reader gives way, says who it was, and runs when the reader is gone", async () => {
  const reader = await idleReader();
  project.write("app", { "002-c.sql": "create table u (id int)", "003-c.sql": "alter table t add c int" });
  const events = new Events();
  const running = run({ statementLockTimeoutMs: 100, onEvent: events.hear });
  const retrying = await events.next("retrying");
  // Between two attempts nothing is locked: another reader gets through.
  const other = await project.client();
  await other.query("set statement_timeout = '20s'; select * from t");
  await reader.query("commit");
  await running;

  expect(retrying).toMatchObject({ sqlstate: "55P03", attempt: 1, file: { fileName: "003-c.sql" } });
  expect(retrying.by[0]).toMatchObject({ applicationName: "a long report", state: "idle in transaction" });
  expect(events.of("blocked")[0]?.by[0]?.applicationName).toBe("a long report");
  expect(await project.column("select number from plinth_migrate.ledger order by id")).toEqual([1, 2, 3]);
});

test("after ten attempts the error names who was in the way, and nothing stays", async () => {
  const reader = await idleReader();
  project.write("app", { "002-c.sql": "create table u (id int)", "003-c.sql": "alter table t add c int" });
  const events = new Events();
  const error = await rejection(run({ statementLockTimeoutMs: 60, onEvent: events.hear }), SqlFailureError);
  await reader.query("commit");

  expect(events.of("retrying")).toHaveLength(10);
  expect(error).toMatchObject({ sqlstate: "55P03", file: project.path("app", "003-c.sql"), line: 1 });
  expect(error.hint).toContain("a long report");
  expect(await project.column("select to_regclass('u')")).toEqual([null]);
});

test("a deadlock with the application is run again", async () => {
  await project.rows("create table v (id int); insert into t values (1); insert into v values (1)");
  project.write("app", {
    "002-c.sql": "update t set id = 2",
    "003-c.sql": "select pg_sleep(0.5); update v set id = 2",
  });
  const events = new Events();
  const running = run({ statementLockTimeoutMs: 20_000, onEvent: events.hear });
  const application = await project.client();
  // Waits so long that it is the batch that the server picks.
  await application.query("set deadlock_timeout = '30s'; begin; update v set id = 3");
  await new Promise((resolve) => events.next("ran").then(resolve));
  const crossing = application.query("update t set id = 3");
  const retrying = await events.next("retrying");
  await crossing;
  await application.query("commit");
  await running;

  expect(retrying.sqlstate).toBe("40P01");
  expect(await project.rows("select t.id, v.id from t, v")).toEqual([[2, 2]]);
});

test("an aborted run cancels its statement, takes the batch back, and gives the lock back", async () => {
  project.write("app", { "002-b.sql": "create schema b; select pg_sleep(60)" });
  const controller = new AbortController();
  const events = new Events();
  const running = run({ signal: controller.signal, onEvent: events.hear });
  await events.next("started");
  controller.abort(new Error("SIGTERM"));
  const error = await rejection(running, CancelledError);

  expect(error).toMatchObject({ kind: "failed", cause: { message: "SIGTERM" } });
  expect(await project.column("select to_regnamespace('b')")).toEqual([null]);
  project.write("app", { "002-b.sql": "create schema b" });
  expect((await run({ lockTimeoutMs: 0 })).applied).toHaveLength(1);
});

test("a run that is aborted before it begins connects to nothing", async () => {
  const nowhere = "postgres://nobody@127.0.0.1:1/nowhere";
  await rejection(apply(nowhere, project.migrations(), { access: null, signal: AbortSignal.abort() }), CancelledError);
});

test("an aborted wait for the lock ends", async () => {
  const controller = new AbortController();
  const events = new Events();
  project.write("app", { "002-b.sql": "select pg_sleep(1.5)" });
  const first = run({ onEvent: events.hear });
  await events.next("started");
  const waiting = new Events();
  const second = run({ signal: controller.signal, onEvent: waiting.hear });
  await waiting.next("waiting");
  controller.abort();
  await rejection(second, CancelledError);
  await first;
});

test("a session that an operator terminates is an error, and nothing stays", async () => {
  project.write("app", { "002-b.sql": "create schema b; select pg_terminate_backend(pg_backend_pid())" });
  const error = await rejection(run(), ConnectionError);

  expect(error.sqlstate).toBe("57P01");
  expect(error.retryable).toBe(true);
  expect(await project.column("select to_regnamespace('b')")).toEqual([null]);
});

test("a statement that an operator cancels fails with what may have been the cause", async () => {
  project.write("app", { "002-b.sql": "create schema b;\nselect pg_cancel_backend(pg_backend_pid()), pg_sleep(60)" });
  expect(await rejection(run(), SqlFailureError)).toMatchObject({ sqlstate: "57014", line: 2 });
  expect(await project.column("select to_regnamespace('b')")).toEqual([null]);
});
