import { afterEach, beforeEach, expect, test } from "@jest/globals";
import pg from "pg";
import { apply } from "./apply.ts";
import { ClientStateError, ConnectionError, NotPrimaryError, PrivilegeError } from "./connection-errors.ts";
import { Project, rejection } from "./fixtures/project.ts";
import { plan } from "./plan-command.ts";

// What the connection has to be, and what becomes of one that was handed in.
let project: Project;

beforeEach(async () => {
  project = await Project.create(["owner", "deploy"]);
  project.write("app", { "001-a.sql": "create schema a" });
});
afterEach(() => project.drop());

const run = (db: Parameters<typeof apply>[0], access: Parameters<typeof apply>[2] = { access: null }) =>
  apply(db, project.migrations(), access);
const ownerAccess = () => ({ access: { rolePrefix: "", ownerRole: project.test.roles.owner!, services: {} } });

test("a wrong password, an unreachable server and a malformed URL are told without the password", async () => {
  const url = new URL(project.url);
  url.password = "s3cret";
  for (const broken of [
    url.href.replace(`:${url.port}/`, ":1/"),
    url.href.replace(url.pathname, "/no_such_database"),
    "postgres://user:s3cret@[bad/x",
    "postgres://user:s3cret@host:notaport/x",
  ]) {
    const error = await rejection(run(broken), ConnectionError);
    expect(`${error.message} ${error.hint} ${error.stack} ${JSON.stringify(error)}`).not.toContain("s3cret");
    expect(error.kind).toBe("connection");
  }
});

test("a read-only session is refused before anything is written", async () => {
  const url = new URL(project.url);
  url.searchParams.set("options", "-c default_transaction_read_only=on");
  await rejection(run(url.href), NotPrimaryError);
  expect(await project.column("select to_regnamespace('plinth_migrate')")).toEqual([null]);
});

test("rights that are missing are named, with the statement that gives them", async () => {
  const error = await rejection(run(project.test.urlFor("deploy")), PrivilegeError);
  expect(error.statements).toEqual([
    `grant create on database "${project.test.name}" to "${project.test.roles.deploy}";`,
  ]);
});

test("an owner role that is not there, or that the migrating role may not act as, is named", async () => {
  const access = { rolePrefix: "", ownerRole: "no_such_owner", services: {} };
  const missing = await rejection(run(project.url, { access }), PrivilegeError);
  const foreign = await rejection(run(project.test.urlFor("deploy"), ownerAccess()), PrivilegeError);

  expect(missing.message).toContain("no_such_owner");
  expect(foreign.hint).toContain(`\n  grant "${project.test.roles.owner}" to "${project.test.roles.deploy}";`);
});

test("everything belongs to the owner role, the ledger too, also when the role came later", async () => {
  await run(project.url);
  const owner = project.test.roles.owner!;
  await project.rows(`grant create on database ${project.test.name} to ${owner}`);
  await project.rows(`alter schema a owner to ${owner}; alter role ${owner} nologin`);
  project.write("app", {
    "002-t.sql": "create table a.t (id int)",
    "003-n.sql": "-- disable auto transaction\ncreate table a.n (id int)",
  });
  await run(project.url, ownerAccess());

  expect(
    await project.column("select distinct tableowner::text from pg_tables where schemaname in ('a', 'plinth_migrate')"),
  ).toEqual([owner]);
  expect(
    await project.column(
      "select distinct proowner::regrole::text from pg_proc where pronamespace = 'plinth_migrate'::regnamespace",
    ),
  ).toEqual([owner]);
  expect((await plan(project.url, project.migrations(), ownerAccess())).pending).toEqual([]);
});

test("nobody but the owner can read or call the ledger", async () => {
  await run(project.url);
  const stranger = await project.client(project.test.urlFor("deploy"));
  await expect(stranger.query("select plinth_migrate.read_state()")).rejects.toMatchObject({ code: "42501" });
  await expect(stranger.query("select * from plinth_migrate.ledger")).rejects.toMatchObject({ code: "42501" });
});

test("a client that was handed in is given back open, with the settings and the role it came with", async () => {
  const client = new pg.Client({ connectionString: project.url, application_name: "the caller" });
  await client.connect();
  const role = project.test.roles.owner;
  await project.rows(`grant create on database ${project.test.name} to ${role}`);
  await client.query(`set search_path to pg_temp, public; set lock_timeout to '7s'; set role ${role}`);
  await run(client);
  const { rows } = await client.query(
    `select current_setting('search_path') as path, current_setting('lock_timeout') as timeout, current_user::text as user,
       current_setting('application_name') as name, current_setting('client_connection_check_interval') as check,
       (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks`,
  );
  const listeners = client.listenerCount("error");
  await client.end();

  expect(rows).toEqual([
    { path: "pg_temp, public", timeout: "7s", user: role, name: "the caller", check: "0", locks: 0 },
  ]);
  expect(listeners).toBe(0);
  expect(await project.column("select nspowner::regrole::text from pg_namespace where nspname = 'a'")).toEqual([role]);
});

test("a pool of one connection is enough, and gets it back", async () => {
  const pool = new pg.Pool({ connectionString: project.url, max: 1 });
  expect((await run(pool)).applied).toHaveLength(1);
  expect(pool.idleCount).toBe(1);
  expect((await pool.query("select current_setting('application_name') as name")).rows).toEqual([{ name: "" }]);
  await pool.end();
});

test("a client in a transaction is refused, and left in it", async () => {
  const client = await project.client();
  await client.query("begin; create temp table mine (id int)");
  await rejection(run(client), ClientStateError);
  expect((await client.query("select count(*)::int as n from mine")).rows).toEqual([{ n: 0 }]);
});

test("a plan can be asked of anything that has query", async () => {
  const pool = new pg.Pool({ connectionString: project.url });
  const facade = { query: (text: string, values?: readonly unknown[]) => pool.query(text, values as unknown[]) };
  expect((await plan(facade, project.migrations(), { access: null })).pending).toHaveLength(1);
  await run(pool);
  expect((await plan(facade, project.migrations(), { access: null })).pending).toHaveLength(0);
  await pool.end();
});
