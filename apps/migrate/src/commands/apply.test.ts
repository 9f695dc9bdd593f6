import { afterEach, expect, test } from "@jest/globals";
import { documentOf, type Scenario, STACK, scenario } from "../fixtures/scenario.ts";
import { installAsPnpm } from "../fixtures/temp-project.ts";

const open: Scenario[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function given(files: Readonly<Record<string, string>>): Promise<Scenario> {
  const made = await scenario(files);
  open.push(made);
  return made;
}

test("what is pending runs and is listed, and the next run finds nothing to do", async () => {
  const app = await given({
    "migrations/001-photo.sql": "create table photo (id bigint primary key);",
    "migrations/002-r-view.sql": "create or replace view photos as select id from photo;",
  });
  const first = await app.run("apply");
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toMatch(/order +namespace +file +mode +reason/);
  expect(first.stdout).toMatch(/@acme\/app +001-photo\.sql +tx/);
  expect(first.stdout).toMatch(/\[\d+\/\d+\] @acme\/app 001-photo\.sql \.+ \d+ ms/);
  expect(first.stdout).toMatch(/commit @acme\/app, 2 files applied/);
  expect(first.stdout).toMatch(/\d+ files applied in /);
  expect(first.stdout).not.toContain("\r");
  expect(first.stdout).not.toContain("\u001b");
  await expect(app.query("select * from photos")).resolves.toEqual([]);

  const second = await app.run("apply");
  expect(second).toMatchObject({ code: 0, stderr: "" });
  expect(second.stdout).toContain("0 files applied");
});

test("packages in pnpm's strict layout run before the application", async () => {
  const app = await given({
    "migrations/namespaces.txt": "@acme/queue\n",
    "migrations/001-a.sql": "alter table queue.job add column photo bigint;",
  });
  installAsPnpm(app.project, "@acme/queue", {
    "package.json": JSON.stringify({
      name: "@acme/queue",
      version: "1.0.0",
      migrations: "./migrations",
      dependencies: { "@plinth/db-core": "*" },
    }),
    "migrations/001-job.sql": "create schema queue; create table queue.job (id bigint);",
  });
  const run = await app.run("apply", "--json");
  expect(run.code).toBe(0);
  const applied = documentOf(run).applied as { namespace: string }[];
  expect([...new Set(applied.map(({ namespace }) => namespace))]).toEqual([
    "@plinth/db-core",
    "@acme/queue",
    "@acme/app",
  ]);
});

test("an SQL error shows file, line, column and the line itself, and what was kept and rolled back", async () => {
  const app = await given({
    "migrations/001-fine.sql": "create table fine (id bigint);",
    "migrations/002-wrong.sql": "-- 😀 日本\nupdate fine\n\tset id = nmae /* 日本 */;",
  });
  const run = await app.run("apply");
  expect(run.code).toBe(5);
  expect(run.stderr).toContain('migrations/002-wrong.sql:3:11 42703 column "nmae" does not exist');
  expect(run.stderr).toContain("   3 | \tset id = nmae /* 日本 */;\n       | \t         ^\n");
  expect(run.stderr).toContain("kept: @plinth/db-core (");
  expect(run.stderr).toContain("rolled back: @acme/app (2 files)");
  expect(run.stderr).toMatch(/fix .*run again/);
  expect(run.stderr).not.toContain(app.project.directory);
  expect(run.stderr).not.toMatch(STACK);
  await expect(app.query("select to_regclass('fine') as there")).resolves.toEqual([{ there: null }]);
});

test("--transaction file keeps the files before the one that failed", async () => {
  const app = await given({
    "migrations/001-fine.sql": "create table fine (id bigint);",
    "migrations/002-wrong.sql": "select nmae;",
  });
  const run = await app.run("apply", "--transaction", "file");
  expect(run.code).toBe(5);
  expect(run.stderr).toContain("@acme/app (1 file)");
  await expect(app.query("select id from fine")).resolves.toEqual([]);
});

test("with --json the document of a failure says what stands and where it failed", async () => {
  const app = await given({ "migrations/001-wrong.sql": "select\n  nmae;" });
  const run = await app.run("apply", "--json");
  expect(run.code).toBe(5);
  expect(documentOf(run)).toMatchObject({
    command: "apply",
    ok: false,
    exitCode: 5,
    applied: expect.arrayContaining([expect.objectContaining({ namespace: "@plinth/db-core" })]),
    rolledBack: [{ namespace: "@acme/app", fileName: "001-wrong.sql" }],
    error: {
      code: "MIG301",
      kind: "failed",
      sqlstate: "42703",
      positions: [{ file: app.project.path("migrations/001-wrong.sql"), line: 2, column: 3, text: "  nmae;" }],
    },
  });
  expect(run.stderr).toContain("42703");
});

test("a file without a transaction that fails part-way ends with 6, and the next run goes on where it stopped", async () => {
  const app = await given({
    "migrations/001-t.sql": "create table t (a int); insert into t values (1), (1);",
    "migrations/002-i.sql":
      "-- disable auto transaction\ncreate table u (a int);\ncreate unique index concurrently i on t (a);\n",
  });
  const run = await app.run("apply");
  expect(run.code).toBe(6);
  expect(run.stderr).toContain("migrations/002-i.sql:3");
  expect(run.stderr).not.toMatch(STACK);
  await app.query("delete from t");
  const again = await app.run("apply");
  expect([again.code, again.stderr]).toEqual([0, ""]);
});

test("an edited file ends with 4 before anything runs", async () => {
  const app = await given({ "migrations/001-t.sql": "create table t (a int);" });
  expect(await app.run("apply")).toMatchObject({ code: 0 });
  app.project.write({
    "migrations/001-t.sql": "create table t (a bigint);",
    "migrations/002-u.sql": "create table u (a int);",
  });
  const run = await app.run("apply");
  expect(run.code).toBe(4);
  expect(run.stderr).toContain("001-t.sql");
  await expect(app.query("select to_regclass('u') as there")).resolves.toEqual([{ there: null }]);
});

test("a number below an applied one runs with a warning, and --strict refuses it with 4", async () => {
  const app = await given({ "migrations/002-t.sql": "create table t (a int);" });
  await app.run("apply");
  app.project.write({ "migrations/001-u.sql": "create table u (a int);" });
  expect(await app.run("apply", "--strict")).toMatchObject({ code: 4 });
  const run = await app.run("apply");
  expect(run.code).toBe(0);
  expect(run.stderr).toContain("warning");
});

test("a procedure that breaks its promise ends with 10, and its batch is rolled back", async () => {
  const app = await given({
    "migrations/001-a.sql": "create schema acme;",
    "migrations/900-r-p.sql":
      "-- @proc mode=read returns=scalar since=1\n-- Gives one.\ncreate or replace function acme.one() returns integer language sql volatile security definer begin atomic select 1; end;\n",
  });
  const run = await app.run("apply");
  expect(run.code).toBe(10);
  expect(run.stderr).toContain("acme.one");
  await expect(app.query("select to_regnamespace('acme') as there")).resolves.toEqual([{ there: null }]);
});

test("another migrator is waited for by name, and --lock-timeout ends with 7", async () => {
  const app = await given({ "migrations/001-slow.sql": "select pg_sleep(60);" });
  const first = app.start("apply");
  await first.printed(/commit @plinth\/db-core/);
  const second = await app.run("apply", "--lock-timeout", "300ms");
  expect(second.code).toBe(7);
  expect(second.stdout).toMatch(/lock {3}waiting, .* for pid \d+ plinth-migrate/);
  expect(second.stderr).toContain("--lock-timeout");
  first.process.kill("SIGTERM");
  expect((await first.done).code).toBe(143);
});

test("a lock that is not had in time is tried again, and the log says who was in the way", async () => {
  const app = await given({ "migrations/001-t.sql": "create table t (a int);" });
  await app.run("apply");
  const reader = await app.connect();
  await reader.query("begin; select * from t");
  app.project.write({ "migrations/002-u.sql": "alter table t add column b int;" });
  const run = app.start("apply", "--json");
  await run.printed(/retry {2}@acme\/app 002-u\.sql: a lock was not to be had in time, blocked by pid \d+ somebody/);
  await reader.query("commit");
  const done = await run.done;
  expect(done.code).toBe(0);
  expect(documentOf(done)).toMatchObject({ applied: [{ fileName: "002-u.sql" }], rolledBack: [] });
});

test("a reader that went away does not stop the run", async () => {
  const app = await given({ "migrations/001-slow.sql": "select pg_sleep(0.5); create table t (a int);" });
  const run = app.start("apply");
  run.process.stdout.destroy();
  run.process.stderr.destroy();
  expect((await run.done).code).toBe(0);
  await expect(app.query("select a from t")).resolves.toEqual([]);
});

test("what the server refuses ends with 8 and names host, database and user", async () => {
  const app = await given({});
  const url = new URL(app.url);
  url.pathname = "/plinth_not_there";
  url.password = "hunter2hunter2";
  const run = await app.runWith({ env: { DATABASE_URL: url.href } }, "apply");
  expect(run.code).toBe(8);
  expect(run.stderr).toContain("plinth_not_there");
  expect(run.stdout + run.stderr).not.toContain("hunter2");
});
