import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { type PostgresServer, type Replica, startPostgres, startReplica } from "@plinth/testing";
import pg from "pg";
import { Checkout } from "./checkout.ts";
import { documentOf, runCli } from "./cli.ts";
import { EmptyDatabase } from "./empty-database.ts";

const checkout = Checkout.with({ "migrations/001-item.sql": "create table item (id bigint);" });
afterAll(() => checkout[Symbol.dispose]());

async function query(server: PostgresServer, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(text).finally(() => client.end());
}

test("a standby is refused with exit code 8, and named as one", async () => {
  const primary: PostgresServer = await startPostgres();
  const replica: Replica = await startReplica(primary);
  try {
    const run = await checkout.run(replica.url, "apply", "--json");
    expect(run.code).toBe(8);
    expect(documentOf(run)).toMatchObject({ error: { kind: "connection", code: "MIG602" } });
    expect(run.stdout).toContain("standby");
  } finally {
    await replica.close();
    await primary.close();
  }
});

test("a role that may not create a schema is refused with exit code 8, and told what to grant", async () => {
  await using database = await EmptyDatabase.create({ roles: ["weak"] });
  const run = await checkout.run(database.urlFor("weak"), "apply");
  expect(run.code).toBe(8);
  expect(run.stderr).toContain(`grant create on database "${database.name}" to "${database.roles.weak}"`);
  expect(await database.column("select nspname from pg_namespace where nspname like 'plinth%'")).toEqual([]);
});

test("a server that is not there is refused with exit code 8", async () => {
  expect(await checkout.run("postgres://nobody:hush@127.0.0.1:1/nothing", "apply")).toMatchObject({
    code: 8,
    stderr: expect.not.stringContaining("hush"),
  });
});

test("a wrong password is refused with exit code 8, and printed nowhere", async () => {
  const server = await startPostgres();
  try {
    await query(server, "create role careful login password 'right'");
    const rules = join(server.dataDirectory, "pg_hba.conf");
    writeFileSync(rules, `host all careful all scram-sha-256\n${readFileSync(rules, "utf8")}`);
    await query(server, "select pg_reload_conf()");

    const password = "s3cr3t/p@ss wörd";
    const url = new URL(server.url);
    url.username = "careful";
    url.password = encodeURIComponent(password);
    for (const command of [["apply"], ["apply", "--json"], ["plan"], ["status"], ["verify"], ["types"]])
      for (const env of [{}, { PLINTH_DEBUG: "1" }]) {
        const byVariable = await runCli(command, { cwd: checkout.directory, url: url.href, env });
        const byOption = await runCli([...command, "--database-url", url.href], {
          cwd: checkout.directory,
          url: "",
          env,
        });
        for (const run of [byVariable, byOption]) {
          const printed = run.stdout + run.stderr;
          expect({ command, code: run.code }).toEqual({ command, code: 8 });
          for (const secret of [password, encodeURIComponent(password), url.password, "s3cr3t"])
            expect(printed).not.toContain(secret);
          expect(printed).toContain("careful");
        }
      }
  } finally {
    await server.close();
  }
});

test("a password in a statement that fails is not shown with its line", async () => {
  await using database = await EmptyDatabase.create();
  using secret = Checkout.with({
    "migrations/001-role.sql": "alter role careless password 's3cr3t-of-sql' valid unto 'never';",
  });
  for (const flags of [[], ["--json"]]) {
    const run = await secret.run(database.url, "apply", ...flags);
    expect(run.code).toBe(5);
    expect(run.stdout + run.stderr).toContain("001-role.sql");
    expect(run.stdout + run.stderr).not.toContain("s3cr3t-of-sql");
  }
  expect(
    await database.column("select error::text from plinth_migrate.ledger where error::text like '%s3cr3t%'"),
  ).toEqual([]);
});
