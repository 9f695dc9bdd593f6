import { appendFileSync, existsSync, readFileSync } from "node:fs";
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

const ONE = `-- @proc mode=read returns=scalar since=1
-- Gives one.
create or replace function acme.one() returns integer language sql stable security definer begin atomic select 1; end;
`;

test("types writes the callers once, --check says whether they are right, and the database is left alone", async () => {
  const app = await given({ "migrations/001-a.sql": "create schema acme;", "migrations/900-r-p.sql": ONE });
  const missing = await app.run("types", "--check");
  expect(missing.code).toBe(4);
  expect(missing.stderr).toContain("src/procedures.gen.ts");
  expect(existsSync(app.project.path("src/procedures.gen.ts"))).toBe(false);

  const run = await app.run("types", "--json");
  expect(run.code).toBe(0);
  expect(documentOf(run)).toMatchObject({
    command: "types",
    ok: true,
    written: [app.project.path("src/procedures.gen.ts")],
  });
  expect(readFileSync(app.project.path("src/procedures.gen.ts"), "utf8")).toContain("one");
  expect(await app.run("types", "--check")).toMatchObject({ code: 0, stdout: "unchanged src/procedures.gen.ts\n" });

  appendFileSync(app.project.path("src/procedures.gen.ts"), "// by hand\n");
  expect((await app.run("types", "--check")).code).toBe(4);
  await expect(app.query("select nspname from pg_namespace where nspname = 'acme'")).resolves.toEqual([]);
});

test("--lock also writes what a release promises", async () => {
  const app = await given({ "migrations/001-a.sql": "create schema acme;", "migrations/900-r-p.sql": ONE });
  expect((await app.run("types", "--lock")).code).toBe(0);
  expect(JSON.parse(readFileSync(app.project.path("procedures.lock.json"), "utf8"))).toMatchObject({
    namespace: "@acme/app",
    procedures: [{ schema: "acme", name: "one" }],
  });
});
