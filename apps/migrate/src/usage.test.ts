import { chmodSync, symlinkSync } from "node:fs";
import { afterEach, expect, test } from "@jest/globals";
import { commands } from "./commands.ts";
import { runCli } from "./fixtures/run-cli.ts";
import { documentOf, STACK } from "./fixtures/scenario.ts";
import { type TempProject, tempProject } from "./fixtures/temp-project.ts";

// Nothing here reaches a database: whatever is wrong with the words, the files or the address is said before one is looked for.

const projects: TempProject[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

function project(files: Readonly<Record<string, string>>): TempProject {
  const made = tempProject(files);
  projects.push(made);
  return made;
}

const NO_DATABASE = "postgres://somebody:hunter2hunter2@127.0.0.1:1/none";
/** What a command needs to be told so that nothing else is wrong. */
const NEEDS: Readonly<Record<string, readonly string[]>> = { new: ["x"], repair: ["--accept-hash", "@acme/app:1"] };
const complete = (name: string): string[] => [name, ...(NEEDS[name] ?? [])];

const inDatabase = commands.filter(({ options }) => options.some(({ name }) => name === "database-url"));

test("--version and --help print and end with 0", async () => {
  const { directory } = project({});
  expect(await runCli(["--version"], { cwd: directory })).toMatchObject({ code: 0, stderr: "" });
  const help = await runCli(["--help"], { cwd: directory });
  expect(help).toMatchObject({ code: 0, stderr: "" });
  for (const { name, summary } of commands) {
    expect(help.stdout).toContain(name);
    expect(help.stdout).toContain(summary.slice(0, 20));
  }
});

test.each(commands.map(({ name }) => name))("%s --help says what each of its options means", async (name) => {
  const { directory } = project({});
  const { code, stdout } = await runCli([name, "--help"], { cwd: directory });
  expect(code).toBe(0);
  for (const option of commands.find((each) => each.name === name)?.options ?? [])
    expect(stdout).toMatch(new RegExp(`--${option.name}\\b.* ${option.help.split(" ")[0]}`));
});

test("the help of --database-url warns of process lists", async () => {
  const { directory } = project({});
  const { stdout } = await runCli(["apply", "--help"], { cwd: directory });
  expect(stdout.replaceAll(/\s+/g, " ")).toContain("may list processes");
});

test("no command at all shows the help on stderr and ends with 2", async () => {
  const { directory } = project({});
  const { code, stdout, stderr } = await runCli([], { cwd: directory });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("Usage: plinth-migrate <command>");
});

test.each([
  [["aply"], /unknown command "aply"[\s\S]*did you mean apply\?/],
  [["apply", "--dry-run"], /apply has no option "--dry-run"/],
  [["apply", "--lock-timeout", "60"], /--lock-timeout must be a number with its unit/],
  [["apply", "--transaction", "all"], /--transaction must be namespace or file/],
])("%j ends with 2 and one clear message", async (args, message) => {
  const { directory } = project({ "migrations/namespaces.txt": "" });
  const { code, stdout, stderr } = await runCli(args, { cwd: directory, env: { DATABASE_URL: NO_DATABASE } });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(2);
});

test.each(commands.map(({ name }) => name))("%s without a migrations directory says where it looked", async (name) => {
  const { directory } = project({});
  const { code, stdout, stderr } = await runCli(complete(name), { cwd: directory, env: { DATABASE_URL: NO_DATABASE } });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(`neither ${directory} nor a folder above it has a folder migrations`);
  expect(stderr).not.toMatch(STACK);
});

test.each(commands.map(({ name }) => name))("%s with a directory that is not there says so", async (name) => {
  const { directory } = project({});
  const args = [...complete(name), "--directory", "nowhere"];
  const { code, stdout, stderr } = await runCli(args, { cwd: directory, env: { DATABASE_URL: NO_DATABASE } });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("nowhere");
  expect(stderr).not.toMatch(STACK);
});

test.each(inDatabase.map(({ name }) => name))("%s without a database names every way to give one", async (name) => {
  const { directory } = project({ "migrations/namespaces.txt": "" });
  const { code, stdout, stderr } = await runCli(complete(name), { cwd: directory });
  expect([code, stdout]).toEqual([2, ""]);
  for (const way of ["MIGRATE_DATABASE_URL", "DATABASE_URL", "PGHOST", "PGDATABASE", "--database-url"])
    expect(stderr).toContain(way);
});

test.each([
  ["localhost:5432/app", /DATABASE_URL is not a URL of a Postgres database/],
  ["mysql://u:hunter2hunter2@h/d", /DATABASE_URL is not a URL of a Postgres database/],
  ["postgres://u:hunter2#hunter2@h/d", /DATABASE_URL is not a URL[\s\S]*%23/],
  ["postgres://u:hunter2%hunter2@h/d", /DATABASE_URL has a % that begins no escape[\s\S]*%25/],
])("the address %j is refused without being shown", async (url, message) => {
  const { directory } = project({ "migrations/namespaces.txt": "" });
  const { code, stdout, stderr } = await runCli(["plan"], { cwd: directory, env: { DATABASE_URL: url } });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain("hunter2");
});

test.each(inDatabase.map(({ name }) => name))(
  "%s on a server that is not there ends with 8 and no password",
  async (name) => {
    const { directory } = project({ "migrations/namespaces.txt": "" });
    const { code, stdout, stderr } = await runCli(complete(name), {
      cwd: directory,
      env: { DATABASE_URL: NO_DATABASE },
    });
    expect([code, stderr]).toEqual([8, expect.stringContaining("127.0.0.1:1")]);
    expect(stdout + stderr).not.toContain("hunter2");
    expect(stderr).not.toMatch(STACK);
  },
);

test("MIGRATE_DATABASE_URL wins over DATABASE_URL, the command line over both, and PG* variables come last", async () => {
  const { directory } = project({ "migrations/namespaces.txt": "" });
  const at = (port: number) => `postgres://u@127.0.0.1:${port}/d`;
  const PG = { PGHOST: "127.0.0.1", PGPORT: "4", PGUSER: "u", PGDATABASE: "d" };
  const asked = async (env: Record<string, string>, ...args: string[]) =>
    /127\.0\.0\.1:(\d)/.exec((await runCli(["plan", ...args], { cwd: directory, env })).stderr)?.[1];
  const both = { ...PG, DATABASE_URL: at(3), MIGRATE_DATABASE_URL: at(2) };
  expect(await asked(both, "--database-url", at(1))).toBe("1");
  expect(await asked(both)).toBe("2");
  expect(await asked({ ...PG, DATABASE_URL: at(3) })).toBe("3");
  expect(await asked(PG)).toBe("4");
});

test("with --json a refusal is one document on stdout, and words on stderr", async () => {
  const { directory } = project({ "migrations/namespaces.txt": "@acme/nothing\n" });
  for (const args of [["aply"], ["plan", "--nothing"], ["plan"], ["graph"], ["lint"]]) {
    const run = await runCli([...args, "--json"], { cwd: directory });
    expect(documentOf(run)).toMatchObject({ ok: false, exitCode: 2, error: { kind: "usage" } });
    expect(run.stderr).toContain("error");
  }
});

test.each(commands.filter(({ name }) => name !== "new").map(({ name }) => name))(
  "%s names the line of a manifest with an unknown package",
  async (name) => {
    const { directory } = project({ "migrations/namespaces.txt": "# ours\n@acme/nothing\n" });
    const { code, stdout, stderr } = await runCli(complete(name), {
      cwd: directory,
      env: { DATABASE_URL: NO_DATABASE },
    });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("@acme/nothing");
    expect(stderr).toContain("migrations/namespaces.txt:2");
    expect(stderr).not.toMatch(STACK);
  },
);

test("a file that can't be read is named", async () => {
  const made = project({ "migrations/namespaces.txt": "", "migrations/002-b.sql": "select 1;" });
  chmodSync(made.path("migrations/002-b.sql"), 0);
  // A folder instead of a file, for root, who may read everything.
  made.write({ "migrations/001-a.sql/inside": "" });
  const { code, stdout, stderr } = await runCli(["graph"], { cwd: made.directory });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("migrations/001-a.sql");
  if (process.getuid?.() !== 0) expect(stderr).toContain("migrations/002-b.sql");
  expect(stderr).not.toMatch(STACK);
});

test("what the file system refuses is named, and no defect", async () => {
  const made = project({});
  symlinkSync("circle", made.path("circle"));
  const { code, stdout, stderr } = await runCli(["graph", "--directory", "circle"], { cwd: made.directory });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("circle");
  expect(stderr).not.toContain("unexpected");
});

test("the nearest migrations folder upwards is taken, from inside it too", async () => {
  const made = project({
    "migrations/001-outer.sql": "select 1;",
    "packages/a/migrations/001-inner.sql": "select 1;",
    "packages/a/src/x/y.ts": "",
  });
  made.write({ "packages/a/package.json": JSON.stringify({ name: "@acme/inner" }) });
  for (const [cwd, name] of [
    ["packages/a/src/x", "@acme/inner"],
    ["packages/a/migrations", "@acme/inner"],
    ["packages", "@acme/app"],
  ] as const) {
    const run = await runCli(["graph", "--json"], { cwd: made.path(cwd) });
    expect([run.code, documentOf(run).root]).toEqual([0, name]);
  }
  const run = await runCli(["graph", "--json", "--directory", "../migrations"], { cwd: made.path("packages") });
  expect(documentOf(run).root).toBe("@acme/app");
});
