import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type PostgresServer, startPostgres } from "@plinth/testing";
import pg from "pg";
import { runCli } from "./fixtures/run-cli.ts";
import { documentOf, STACK } from "./fixtures/scenario.ts";
import { type TempProject, tempProject } from "./fixtures/temp-project.ts";

// A server of its own, since it has to ask for passwords and the usual test server need not.

const PASSWORD = "correct horse/battery";
const WRONG = "incorrect-horse";
let server: PostgresServer;
let app: TempProject;

beforeAll(async () => {
  app = tempProject({ "migrations/namespaces.txt": "", "migrations/001-t.sql": "create table t (a int);" });
  server = await startPostgres();
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const path = join(server.dataDirectory, "pg_hba.conf");
  writeFileSync(path, `host all ann 127.0.0.1/32 scram-sha-256\n${readFileSync(path, "utf8")}`);
  for (const text of [
    `create role ann login password '${PASSWORD}'`,
    "create database shop owner ann",
    "select pg_reload_conf()",
  ])
    await client.query(text);
  await client.end();
});

afterAll(async () => {
  await server.stop();
  app.remove();
});

function address(password: string): URL {
  const url = new URL(server.url);
  url.username = "ann";
  url.password = password;
  url.pathname = "/shop";
  return url;
}

test("a wrong password ends with 8, says whose it was, and shows it nowhere", async () => {
  const env = { DATABASE_URL: address(WRONG).href };
  const run = await runCli(["apply", "--json"], { cwd: app.directory, env });
  expect(run.code).toBe(8);
  expect(run.stderr).toMatch(/password authentication failed for user "ann"/);
  expect(documentOf(run)).toMatchObject({ error: { kind: "connection", sqlstate: "28P01" } });
  expect(run.stdout + run.stderr).not.toContain(WRONG);
  expect(run.stderr).not.toMatch(STACK);
  const debug = await runCli(["apply"], { cwd: app.directory, env: { ...env, PLINTH_DEBUG: "1" } });
  expect(debug.stdout + debug.stderr).not.toContain(WRONG);
});

test("a password in the URL, and one in PGPASSWORD, opens the database", async () => {
  const url = address(PASSWORD);
  const run = await runCli(["apply"], { cwd: app.directory, env: { DATABASE_URL: url.href } });
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toContain(`database ann@${url.host}/shop\n`);
  const env = { PGHOST: url.hostname, PGPORT: url.port, PGUSER: "ann", PGDATABASE: "shop", PGPASSWORD: PASSWORD };
  for (const command of ["apply", "plan", "status"]) {
    const again = await runCli([command], { cwd: app.directory, env });
    expect(again).toMatchObject({ code: 0, stderr: "" });
    expect(again.stdout).toContain(`database ann@${url.host}/shop`);
  }
});
