import { afterEach, expect, test } from "@jest/globals";
import { runCli } from "./fixtures/run-cli.ts";
import { documentOf, STACK } from "./fixtures/scenario.ts";
import { type TempProject, tempProject } from "./fixtures/temp-project.ts";

// An error that nobody foresaw: a package whose own module throws while it is asked where its migrations are.

const SECRET = "postgres://u:hunter2hunter2@h/d";
const projects: TempProject[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

function project(module: string): TempProject {
  const made = tempProject({
    "migrations/namespaces.txt": "@acme/broken\n",
    "node_modules/@acme/broken/package.json": JSON.stringify({
      name: "@acme/broken",
      type: "module",
      main: "index.js",
    }),
    "node_modules/@acme/broken/index.js": module,
  });
  projects.push(made);
  return made;
}

test.each([
  [
    "thrown in a callback",
    `setTimeout(() => { throw new Error("lost ${SECRET}"); }); await new Promise(() => setTimeout(() => {}, 1000));`,
  ],
  [
    "rejected and not handled",
    `Promise.reject(new Error("lost ${SECRET}")); await new Promise((r) => setTimeout(r, 1000));`,
  ],
])("an error %s is one line without a stack or a password, and ends with 1", async (_, module) => {
  const { directory } = project(module);
  const run = await runCli(["graph", "--json"], { cwd: directory });
  expect(run.code).toBe(1);
  expect(run.stderr).toContain("error unexpected: Error: lost postgres://u:***@h/d");
  expect(run.stderr).toContain("PLINTH_DEBUG=1");
  expect(run.stderr).not.toMatch(STACK);
  expect(documentOf(run)).toMatchObject({ ok: false, exitCode: 1, error: { code: "INTERNAL", kind: "internal" } });
  expect(run.stdout + run.stderr).not.toContain("hunter2");
});

test("PLINTH_DEBUG=1 shows the stack, without the password", async () => {
  const { directory } = project(
    `setTimeout(() => { throw new Error("lost ${SECRET}"); }); await new Promise((r) => setTimeout(r, 1000));`,
  );
  const run = await runCli(["graph"], { cwd: directory, env: { PLINTH_DEBUG: "1" } });
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(STACK);
  expect(run.stderr).not.toContain("hunter2");
});
