import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { killHard, type PgBouncer, pgBouncerInstalled, spawnWorker, startPgBouncer } from "@plinth/testing";
import pg from "pg";
import { LOCK_KEY } from "./advisory-lock.ts";
import { apply } from "./apply.ts";
import { DirectConnectionError } from "./connection-errors.ts";
import { Events, Project, rejection } from "./fixtures/project.ts";
import { plan } from "./plan-command.ts";
import { LockTimeoutError } from "./run-errors.ts";

// Many migrators at once, in one process and in several, with and without a pooler between them and Postgres.
let project: Project;
let pooler: PgBouncer | undefined;

beforeEach(async () => {
  project = await Project.create();
});
afterEach(async () => {
  await pooler?.close();
  pooler = undefined;
  await project.drop();
});

const run = (options = {}, url = project.url) => apply(url, project.migrations(), { access: null, ...options });
const lockHolders = () =>
  project.column(
    `select pid from pg_locks where locktype = 'advisory' and (classid::bigint << 32) | objid::bigint = ${LOCK_KEY}
     and database = (select oid from pg_database where datname = current_database())`,
  );

function fortyFiles(): void {
  for (let number = 1; number <= 40; number++)
    project.write("app", {
      [`${number}-file.sql`]: `create table if not exists t (n int); insert into t values (${number})`,
    });
}

test("many that start at once on an empty database all succeed, and each file runs once", async () => {
  fortyFiles();
  const results = await Promise.all(Array.from({ length: 6 }, () => run()));

  expect(results.map(({ applied }) => applied.length).sort()).toEqual([0, 0, 0, 0, 0, 40]);
  expect(await project.column("select n from t order by n")).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
  expect(await lockHolders()).toEqual([]);
});

test.each([
  ["namespace", 6],
  ["file", 3],
])(
  "migrators behind a transaction pooler run each file once, a transaction a %s, and none fails",
  async (transaction, many) => {
    if (!pgBouncerInstalled()) return;
    pooler = await startPgBouncer({ url: project.url, poolSize: 4 });
    // With a ledger that is there already, all of them read it and plan the same before one of them locks it.
    project.write("app", { "0-first.sql": "create schema a" });
    await run({}, pooler.url);
    fortyFiles();
    const results = await Promise.all(Array.from({ length: many }, () => run({ transaction }, pooler!.url)));

    expect(results.flatMap(({ applied }) => applied).length).toBe(40);
    expect(await project.column("select n from t order by n")).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
  },
);

test("a run behind a pooler leaves no lock in a server session", async () => {
  if (!pgBouncerInstalled()) return;
  pooler = await startPgBouncer({ url: project.url });
  fortyFiles();
  await run({}, pooler.url);
  expect(await lockHolders()).toEqual([]);
});

test("whoever comes through a pooler waits for one who holds the session's lock", async () => {
  if (!pgBouncerInstalled()) return;
  pooler = await startPgBouncer({ url: project.url });
  fortyFiles();
  const holder = await project.client();
  await holder.query(`select pg_advisory_lock(${LOCK_KEY})`);
  const events = new Events();
  const waiting = run({ onEvent: events.hear }, pooler.url);
  await events.next("waiting");
  await holder.query(`select pg_advisory_unlock(${LOCK_KEY})`);

  expect((await waiting).applied).toHaveLength(40);
});

test("a file without a transaction is refused behind a transaction pooler", async () => {
  if (!pgBouncerInstalled()) return;
  pooler = await startPgBouncer({ url: project.url });
  project.write("app", { "001-t.sql": "-- disable auto transaction\ncreate table t (id int)" });
  await rejection(run({}, pooler.url), DirectConnectionError);
  expect(await project.column("select to_regclass('t')")).toEqual([null]);
});

test("a migrator that waits and one that builds an index concurrently both finish", async () => {
  project.write("app", {
    "001-t.sql": "create table t (id int); insert into t select generate_series(1, 1000)",
    "002-i.sql": "-- disable auto transaction\nselect pg_sleep(0.7);\ncreate index concurrently i on t (id)",
  });
  const events = new Events();
  const first = run({ onEvent: events.hear });
  await events.next("statement");
  const waiting = new Events();
  const second = run({ onEvent: waiting.hear });
  await waiting.next("waiting");

  expect((await Promise.all([first, second])).map(({ applied }) => applied.length)).toEqual([2, 0]);
  expect(await project.column("select indisvalid from pg_index where indexrelid = 'i'::regclass")).toEqual([true]);
});

test("a migrator killed in the middle of a statement frees the lock, and leaves nothing", async () => {
  project
    .write("app", { "001-t.sql": "create table t (id int);\nselect pg_sleep(60)" })
    .write("app", { "namespaces.txt": "" });
  const worker = await spawnWorker(new URL("./fixtures/apply-worker.mjs", import.meta.url), {
    args: [project.url, project.path("app")],
  });
  await worker.message("started");
  await project.sleeping();
  await killHard(worker);
  project.write("app", { "001-t.sql": "create table t (id int)" });
  // Without the check the server would only notice at the end of the statement, a minute later.
  await run({ lockTimeoutMs: 20_000 });

  expect(await project.column("select count(*)::int from plinth_migrate.ledger where namespace = 'app'")).toEqual([1]);
});

test("a plan is made while another migrator holds the lock", async () => {
  fortyFiles();
  const holder = await project.client();
  await holder.query(`select pg_advisory_lock(${LOCK_KEY})`);
  expect((await plan(project.url, project.migrations(), { access: null })).pending).toHaveLength(40);
});

test("who waits is told who holds the lock, and gives up after lockTimeoutMs with the holder's name", async () => {
  fortyFiles();
  const holder = new pg.Client({ connectionString: project.url, application_name: "somebody's deploy" });
  await holder.connect();
  await holder.query(`select pg_advisory_lock(${LOCK_KEY}) as "what it runs"`);
  const events = new Events();
  const error = await rejection(run({ lockTimeoutMs: 600, onEvent: events.hear }), LockTimeoutError);
  await holder.end();

  expect(error.kind).toBe("lock");
  expect(error.holder).toMatchObject({
    applicationName: "somebody's deploy",
    query: expect.stringContaining("what it runs"),
  });
  expect(error.message).toContain("somebody's deploy");
  expect(events.of("waiting")[0]?.holder?.pid).toBe(error.holder?.pid);
});

test("who waits for a migrator is told which file it runs", async () => {
  project.write("app", { "001-slow.sql": "select pg_sleep(60)" });
  const controller = new AbortController();
  const running = run({ signal: controller.signal });
  await project.sleeping();
  const error = await rejection(run({ lockTimeoutMs: 0 }), LockTimeoutError);
  controller.abort();
  await rejection(running, Error);

  expect(error.holder).toMatchObject({ applicationName: "plinth-migrate", query: "app 001-slow.sql" });
  expect(error.message).toContain("app 001-slow.sql");
});

test("the same lock in another database is another lock", async () => {
  const other = await Project.create();
  const holder = await other.client();
  await holder.query(`select pg_advisory_lock(${LOCK_KEY})`);
  fortyFiles();
  expect((await run({ lockTimeoutMs: 0 })).applied).toHaveLength(40);
  await other.drop();
});

test("one that did not get the lock does not give back another's", async () => {
  fortyFiles();
  const pool = new pg.Pool({ connectionString: project.url, max: 1 });
  const holder = await project.client();
  await holder.query(`select pg_advisory_lock(${LOCK_KEY})`);
  const notices: unknown[] = [];
  pool.on("connect", (client) => client.on("notice", (notice) => notices.push(notice.message)));
  await rejection(apply(pool, project.migrations(), { access: null, lockTimeoutMs: 0 }), LockTimeoutError);
  await pool.end();

  expect(notices).toEqual([]);
  expect(await lockHolders()).toHaveLength(1);
});
