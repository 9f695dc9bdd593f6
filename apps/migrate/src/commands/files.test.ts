import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "@jest/globals";
import { runCli } from "../fixtures/run-cli.ts";
import { documentOf } from "../fixtures/scenario.ts";
import { type TempProject, tempProject } from "../fixtures/temp-project.ts";

// The commands that need no database: lint, new, graph.

const projects: TempProject[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

function project(files: Readonly<Record<string, string>>): TempProject {
  const made = tempProject({ "migrations/namespaces.txt": "", ...files });
  projects.push(made);
  return made;
}

test("lint prints a line for each finding as compilers do, and ends with 9 if one is an error", async () => {
  const { directory } = project({ "migrations/001-i.sql": "create index concurrently i on t (a);\n" });
  const run = await runCli(["lint"], { cwd: directory });
  expect(run.code).toBe(9);
  expect(run.stdout).toMatch(/^migrations\/001-i\.sql:1(:1)? error MIG4\d\d /m);
  expect(run.stdout).toMatch(/\d+ errors?, \d+ warnings?\n$/);

  const json = await runCli(["lint", "--json"], { cwd: directory });
  expect(documentOf(json)).toMatchObject({ command: "lint", ok: false, exitCode: 9 });
  expect(documentOf(json).findings).toContainEqual(
    expect.objectContaining({
      rule: expect.stringMatching(/^MIG4/),
      severity: "error",
      position: expect.objectContaining({ line: 1 }),
    }),
  );
});

test("lint of files that are in order ends with 0", async () => {
  const { directory } = project({
    "migrations/001-t.sql": "-- A table.\ncreate schema acme;\ncreate table acme.t (a int);\n",
  });
  const run = await runCli(["lint"], { cwd: directory });
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toContain("0 errors");
});

test("lint --base with no such revision says so", async () => {
  const { directory } = project({ "migrations/001-t.sql": "select 1;" });
  const run = await runCli(["lint", "--base", "no-such-branch"], { cwd: directory });
  expect([run.code, run.stdout]).toEqual([2, ""]);
  expect(run.stderr).toContain("no-such-branch");
});

test("new makes the file with the next number and prints its path", async () => {
  const made = project({ "migrations/007-t.sql": "select 1;" });
  expect(await runCli(["new", "add-photo"], { cwd: made.directory })).toEqual({
    code: 0,
    stdout: "migrations/008-add-photo.sql\n",
    stderr: "",
  });
  const json = await runCli(["new", "views", "--repeatable", "--json"], { cwd: made.directory });
  const { path } = documentOf(json) as { path: string };
  expect(path).toMatch(/\/migrations\/\d+-r-views\.sql$/);
  expect(readFileSync(path, "utf8")).toMatch(/^-- /);
});

test("new refuses a name that is no file's, or that brings a number, and gives one that would do", async () => {
  const { directory } = project({});
  for (const [name, nearest] of [
    ["Add Thing", "add-thing"],
    ["007-thing", "thing"],
    ["../up", "up"],
    ["", "add-priority"],
    ["x".repeat(300), "x".repeat(60)],
  ] as const) {
    const run = await runCli(["new", name], { cwd: directory });
    expect([run.code, run.stdout]).toEqual([2, ""]);
    expect(run.stderr).toContain(`MIG690 <name> must be`);
    expect(run.stderr).toContain(`for example: plinth-migrate new ${nearest}\n`);
  }
});

test("graph shows who imports whom", async () => {
  const { directory } = project({ "migrations/001-t.sql": "select 1;" });
  const run = await runCli(["graph"], { cwd: directory });
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toMatch(/@acme\/app .*\n.*@plinth\/db-core/);
});
