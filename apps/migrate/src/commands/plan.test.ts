import { afterEach, expect, test } from "@jest/globals";
import { documentOf, type Scenario, scenario } from "../fixtures/scenario.ts";

const open: Scenario[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function given(files: Readonly<Record<string, string>>): Promise<Scenario> {
  const made = await scenario(files);
  open.push(made);
  return made;
}

test("plan and status show what is pending, write nothing, and --exit-code makes it 3", async () => {
  const app = await given({ "migrations/001-t.sql": "create table t (a int);", "migrations/002-r-v.sql": "select 1;" });
  const plan = await app.run("plan");
  expect(plan).toMatchObject({ code: 0, stderr: "" });
  expect(plan.stdout).toMatch(/3 +@acme\/app +001-t\.sql +tx +new/);
  expect((await app.run("plan", "--exit-code")).code).toBe(3);
  const status = await app.run("status");
  expect(status).toMatchObject({ code: 0, stderr: "" });
  expect(status.stdout).toMatch(/@acme\/app +0 +2 +0 +0 +0 +none/);
  expect((await app.run("status", "--exit-code")).code).toBe(3);
  await expect(app.query("select nspname from pg_namespace where nspname like 'plinth%'")).resolves.toEqual([]);

  await app.run("apply");
  expect(await app.run("plan", "--exit-code")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("nothing to run"),
  });
  const after = await app.run("status", "--exit-code");
  expect(after.code).toBe(0);
  expect(after.stdout).toMatch(/@acme\/app +2 +0 +0 +0 +0 +1/);
});

test("a repeatable file that changed is pending, and the document says why", async () => {
  const app = await given({ "migrations/001-t.sql": "create table t (a int);", "migrations/002-r-v.sql": "select 1;" });
  await app.run("apply");
  app.project.write({ "migrations/002-r-v.sql": "select 2;" });
  const run = await app.run("plan", "--json");
  expect(run.stderr).toBe("");
  expect(documentOf(run)).toMatchObject({
    command: "plan",
    ok: true,
    exitCode: 0,
    pending: [
      { order: 1, namespace: "@acme/app", number: 2, fileName: "002-r-v.sql", reason: "changed", outOfOrder: false },
    ],
    edited: [],
  });
  expect(documentOf(await app.run("status", "--json")).namespaces).toContainEqual(
    expect.objectContaining({ namespace: "@acme/app", applied: 1, changed: 1, version: 1, onDisk: true }),
  );
});

test("an edited file makes plan end with 4 and say who applied it", async () => {
  const app = await given({ "migrations/001-t.sql": "create table t (a int);" });
  await app.run("apply");
  app.project.write({ "migrations/001-t.sql": "create table t (a bigint);" });
  const run = await app.run("plan");
  expect(run.code).toBe(4);
  expect(run.stderr).toMatch(/edited @acme\/app 001-t\.sql, applied at 20.* by /);
  expect(documentOf(await app.run("plan", "--json"))).toMatchObject({ ok: false, edited: [{ fileName: "001-t.sql" }] });
});

test("plan --strict ends with 4 for a number below an applied one", async () => {
  const app = await given({ "migrations/002-t.sql": "select 1;" });
  await app.run("apply");
  app.project.write({ "migrations/001-u.sql": "select 1;" });
  expect(await app.run("plan")).toMatchObject({ code: 0, stderr: expect.stringContaining("001-u.sql") });
  expect(await app.run("plan", "--strict")).toMatchObject({ code: 4 });
});

test("an older checkout changes nothing, says so, and ends with 0", async () => {
  const app = await given({
    "migrations/001-t.sql": "select 1;",
    "migrations/002-u.sql": "select 1;",
    "migrations/900-r-v.sql": "select 1;",
  });
  await app.run("apply");
  const older = await given({ "migrations/001-t.sql": "select 1;", "migrations/900-r-v.sql": "select 0;" });
  const run = await older.runWith({ env: { DATABASE_URL: app.url } }, "apply");
  expect(run).toMatchObject({ code: 0, stderr: expect.stringMatching(/warning .*older checkout/) });
  expect(run.stdout).toContain("0 files applied");
  const status = await older.runWith({ env: { DATABASE_URL: app.url } }, "status");
  expect(status).toMatchObject({ code: 0, stderr: expect.stringMatching(/warning .*older checkout/) });
});
