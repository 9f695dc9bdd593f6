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

test("accept-hash takes an edited file as it is", async () => {
  const app = await given({ "migrations/001-t.sql": "create table t (a int);" });
  await app.run("apply");
  app.project.write({ "migrations/001-t.sql": "create table t (a int); -- a word" });
  const refused = await app.run("apply");
  expect(refused.code).toBe(4);
  expect(refused.stderr).toMatch(/^ +plinth-migrate repair --accept-hash @acme\/app:1$/m);
  const run = await app.run("repair", "--accept-hash", "@acme/app:1", "--json");
  expect(run.code).toBe(0);
  expect(documentOf(run).action).toEqual({ type: "accept-hash", namespace: "@acme/app", number: 1 });
  expect((await app.run("apply")).code).toBe(0);
});

test("a file that stopped part-way is shown by status, and mark-applied settles it", async () => {
  const app = await given({
    "migrations/001-t.sql": "create table t (a int); insert into t values (1), (1);",
    "migrations/002-i.sql":
      "-- disable auto transaction\ncreate table u ();\ncreate unique index concurrently i on t (a);\n",
  });
  expect((await app.run("apply")).code).toBe(6);
  const status = await app.run("status");
  expect(status.stdout).toMatch(/failed after 1 of 2 statements/);
  expect(status.stdout).toContain("repair --mark-applied @acme/app:2");
  expect((await app.run("repair", "--mark-applied", "@acme/app:2")).code).toBe(0);
  expect(await app.run("apply")).toMatchObject({ code: 0, stdout: expect.stringContaining("0 files applied") });
});

test("mark-failed of a sound file is done with a warning", async () => {
  const app = await given({ "migrations/001-t.sql": "select 1;" });
  await app.run("apply");
  const run = await app.run("repair", "--mark-failed", "@acme/app:1");
  expect(run).toMatchObject({ code: 0, stderr: expect.stringMatching(/warning @acme\/app:1 was applied and nothing/) });
});

test.each([
  [[], /repair needs exactly one of --mark-applied, --mark-failed, --accept-hash/],
  [["--mark-applied", "a:1", "--mark-failed", "a:1"], /repair needs exactly one of/],
  [
    ["--accept-hash", "acme"],
    /--accept-hash needs a namespace and a number[\s\S]*plinth-migrate repair --accept-hash acme:7: the number of the file/,
  ],
  [["--accept-hash", "@acme/app:9"], /@acme\/app:9/],
])("%j is refused with 2", async (args, message) => {
  const app = await given({ "migrations/001-t.sql": "select 1;" });
  const run = await app.run("repair", ...args);
  expect([run.code, run.stdout]).toEqual([2, ""]);
  expect(run.stderr).toMatch(message);
});
