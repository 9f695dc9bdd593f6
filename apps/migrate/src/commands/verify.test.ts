import { afterEach, expect, test } from "@jest/globals";
import { documentOf, type Scenario, scenario } from "../fixtures/scenario.ts";

const open: Scenario[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

const FILES = {
  "migrations/001-a.sql": "create schema acme; create table acme.t (a int);",
  "migrations/900-r-p.sql":
    "-- @proc mode=read returns=scalar since=1\n-- Gives one.\ncreate or replace function acme.one() returns integer language sql stable security definer begin atomic select 1; end;\n",
};

async function applied(): Promise<Scenario> {
  const made = await scenario(FILES);
  open.push(made);
  const run = await made.run("apply");
  if (run.code !== 0) throw new Error(run.stderr);
  return made;
}

test("a database that is as its files say ends with 0, replayed on a scratch database too", async () => {
  const app = await applied();
  expect(await app.run("verify")).toMatchObject({ code: 0, stdout: "all as it should be\n", stderr: "" });
  expect(await app.run("verify", "--shadow")).toMatchObject({ code: 0, stderr: "" });
  expect(documentOf(await app.run("verify", "--json"))).toMatchObject({
    command: "verify",
    ok: true,
    problems: [],
    warnings: [],
  });
});

test("an edited file ends with 4", async () => {
  const app = await applied();
  app.project.write({ "migrations/001-a.sql": "create schema acme;" });
  const run = await app.run("verify");
  expect(run.code).toBe(4);
  expect(run.stderr).toContain("001-a.sql");
});

test("what somebody changed by hand is found by the replay and ends with 4", async () => {
  const app = await applied();
  await app.query("alter table acme.t add column by_hand int");
  expect((await app.run("verify")).code).toBe(0);
  const run = await app.run("verify", "--shadow", "--json");
  expect(run.code).toBe(4);
  expect(run.stderr).toContain("by_hand");
  expect(documentOf(run)).toMatchObject({ ok: false, exitCode: 4, problems: [{ code: "MIG314", kind: "validation" }] });
});

test("a broken promise ends with 10", async () => {
  const app = await applied();
  await app.query("drop function acme.one()");
  const run = await app.run("verify");
  expect(run.code).toBe(10);
  expect(run.stderr).toContain("acme.one");
});

test("a grant that is too many ends with 10, and the next apply takes it back", async () => {
  const app = await applied();
  await app.query("grant execute on function acme.one() to public");
  const run = await app.run("verify");
  expect(run.code).toBe(10);
  expect(run.stderr).toMatch(/EXECUTE on .* acme\.one\(\) is held by PUBLIC/);
  expect(await app.run("apply")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/grants 0 granted, 1 revoked/),
  });
  expect((await app.run("verify")).code).toBe(0);
});

test("--shadow with something that is no URL is refused with 2, and with a scratch server that is not there with 8", async () => {
  const app = await applied();
  expect(await app.run("verify", "--shadow=nowhere")).toMatchObject({ code: 2, stdout: "" });
  const run = await app.run("verify", "--shadow", "postgres://u:hunter2hunter2@127.0.0.1:1/x");
  expect(run.code).toBe(8);
  expect(run.stderr).not.toContain("hunter2");
});

test("--shadow with something pending compares nothing, says so and ends with 3; without it what is pending is a warning", async () => {
  const app = await applied();
  app.project.write({ "migrations/002-b.sql": "select 1;" });
  expect(await app.run("verify")).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("1 file is pending"),
  });
  const run = await app.run("verify", "--shadow");
  expect([run.code, run.stdout]).toEqual([3, "not compared: 1 file is pending: apply first\n"]);
  expect(documentOf(await app.run("verify", "--shadow", "--json"))).toMatchObject({
    ok: false,
    exitCode: 3,
    problems: [],
    notCompared: ["1 file is pending: apply first"],
  });
});

test("an owner role that is not there ends verify, plan and apply with 8 and the statement that makes it", async () => {
  const app = await applied();
  app.project.write({ "access.json": '{ "ownerRole": "no_such_owner", "services": { "no_such_api": {} } }' });
  for (const command of ["verify", "plan", "status", "apply"]) {
    const run = await app.run(command);
    expect(run.code).toBe(8);
    expect(run.stderr).toContain('\n    create role "no_such_owner" nologin;\n');
    expect(run.stderr).toContain('\n    create role "no_such_api" login;\n');
  }
});
