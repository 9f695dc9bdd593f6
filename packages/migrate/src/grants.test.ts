import { afterEach, expect, test } from "@jest/globals";
import pg from "pg";
import type { ServiceAccess } from "./access.ts";
import { AccessFileError, GrantsError, RolesMissingError } from "./access-error.ts";
import { BatchDatabase, graphOf } from "./fixtures/batch-database.ts";
import { alignGrants, checkGrants, reconcileGrants } from "./grants.ts";

const tables = `
  create schema notes;
  create type notes.kind as enum ('a');
  create table notes.note (id bigint primary key, body text not null);
  create sequence notes.counter;`;

const procedure = (name: string, terms: string) => `
  -- @proc ${terms} returns=scalar since=1
  create or replace function notes.${name}() returns bigint language sql stable security definer
  begin atomic select count(*) from notes.note n; end;`;

const repeatable =
  procedure("count_notes", "service=gallery mode=read") +
  procedure("touch_notes", "service=gallery mode=write") +
  procedure("old_notes", "service=gallery mode=read deprecated=1") +
  procedure("free_notes", "mode=write") +
  procedure("prints_notes", "service=prints mode=write") +
  "create function notes.helper() returns int language sql as 'select 1';";

const migrations = graphOf("@plinth/db-core", "notes");
const nothing: ServiceAccess = { own: [], uses: [], reads: [] };
const opened: { drop(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.drop();
});

async function databaseFor(services: Record<string, Partial<ServiceAccess>>, key?: string): Promise<BatchDatabase> {
  const full = Object.fromEntries(Object.entries(services).map(([name, given]) => [name, { ...nothing, ...given }]));
  const database = await BatchDatabase.create({ services: full, ...(key === undefined ? {} : { key }) });
  opened.push(database);
  await database.installCore();
  await database.apply({ numbered: { 1: tables }, repeatable });
  return database;
}

const reconcile = (database: BatchDatabase) => reconcileGrants(database.client, migrations, database.access);
const check = (database: BatchDatabase) => checkGrants(database.client, migrations, database.access);

/** The functions of the schema notes that a service may call, all in all: by itself, by PUBLIC, by whatever way there is. */
async function callable(database: BatchDatabase, service: string): Promise<unknown> {
  const { rows } = await database.client.query<{ names: string[] }>(
    `select array(
      select p.proname::text
      from pg_proc p
      where p.pronamespace = 'notes'::regnamespace
        and has_function_privilege($1, p.oid, 'execute')
        and has_schema_privilege($1, 'notes', 'usage')
      order by 1
    ) as names`,
    [database.test.roles[service]],
  );
  return rows[0]?.names;
}

test("a service may call what is its own, what its packages have, and the reads that it was given", async () => {
  const database = await databaseFor({
    gallery: { own: ["notes"] },
    prints: { uses: ["notes"] },
    billing: { reads: ["notes.*_notes"] },
    idle: {},
  });
  await reconcile(database);
  expect(await callable(database, "gallery")).toEqual(["count_notes", "free_notes", "old_notes", "touch_notes"]);
  expect(await callable(database, "prints")).toEqual(["free_notes"]);
  expect(await callable(database, "billing")).toEqual(["count_notes", "old_notes"]);
  expect(await callable(database, "idle")).toEqual([]);
  expect(await check(database)).toEqual([]);
});

test("a logged-in service reads through its procedure, and the table and the others' procedures are refused it", async () => {
  const database = await databaseFor({ gallery: { own: ["notes"] }, idle: {} });
  await reconcile(database);
  const client = new pg.Client({ connectionString: database.test.urlFor("gallery") });
  opened.push({ drop: () => client.end() });
  await client.connect();
  expect((await client.query("select notes.count_notes() as n")).rows).toEqual([{ n: "0" }]);
  expect((await client.query("select namespace from plinth_core.get_versions()")).rows).toEqual([]);
  for (const refused of [
    "select * from notes.note",
    "select notes.prints_notes()",
    "select notes.helper()",
    "select * from plinth_core.list_promises()",
    "select * from plinth_migrate.ledger",
    "create table notes.mine (id int)",
  ])
    await expect(client.query(refused)).rejects.toMatchObject({ code: "42501" });
});

test("a second run changes nothing, and writes nothing", async () => {
  const database = await databaseFor({ gallery: { own: ["notes"] } });
  expect((await reconcile(database)).length).toBeGreaterThan(0);
  const xact = "select pg_snapshot_xmax(pg_current_snapshot())::text";
  const before = await database.value(xact);
  expect(await reconcile(database)).toEqual([]);
  expect(await database.value(xact)).toBe(before);
});

test("what apply runs gives the changes, and asserts the result, changed or not", async () => {
  const database = await databaseFor({ gallery: { own: ["notes"] } });
  const align = () => alignGrants(database.client, migrations, database.access);
  expect((await align()).changes.length).toBeGreaterThan(0);
  expect(await align()).toEqual({ changes: [], warnings: [] });
  await database.client.query(`alter sequence notes.counter owner to ${database.test.roles.gallery}`);
  await expect(align()).rejects.toThrow("has owner of sequence notes.counter");
  await database.client.query("revoke execute on function notes.count_notes from public");
  await database.client.query(`revoke execute on function notes.count_notes from ${database.test.roles.gallery}`);
  await expect(align()).rejects.toThrow("has owner of sequence notes.counter");
});

test("a change says what, on what and for whom", async () => {
  const database = await databaseFor({ gallery: { own: ["notes"] } });
  await reconcile(database);
  await database.client.query("revoke execute on function notes.count_notes from public, current_user");
  await database.client.query(`revoke execute on function notes.count_notes from ${database.test.roles.gallery}`);
  expect(await reconcile(database)).toEqual([
    {
      action: "grant",
      privilege: "EXECUTE",
      on: "routine notes.count_notes()",
      role: database.test.roles.gallery,
      statement: `grant execute on routine notes.count_notes() to "${database.test.roles.gallery}"`,
    },
  ]);
});

test("whatever was granted besides is found, told and taken back", async () => {
  const database = await databaseFor({ gallery: { own: ["notes"] } });
  await reconcile(database);
  const extras = [
    "select on notes.note",
    "update (body) on notes.note",
    "usage on sequence notes.counter",
    "create on schema notes",
    "execute on function notes.prints_notes()",
    "execute on function notes.helper()",
    "usage on type notes.kind",
    `create on database "${database.test.name}"`,
    "execute on function pg_catalog.pg_ls_waldir()",
  ];
  const role = database.test.roles.gallery;
  for (const extra of extras) await database.client.query(`grant ${extra} to ${role}`);
  await database.client.query("grant select on notes.note to public; grant execute on function notes.helper to public");
  await database.client.query("grant usage on schema notes to public");
  await database.client.query(`grant execute on function notes.count_notes to ${role} with grant option`);

  const error: unknown = await check(database).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(GrantsError);
  expect((error as GrantsError).differences).toHaveLength(extras.length + 3 + 2);
  expect(await reconcile(database)).toHaveLength(extras.length + 3 + 2);
  expect(await check(database)).toEqual([]);
  expect(await callable(database, "gallery")).toEqual(["count_notes", "free_notes", "old_notes", "touch_notes"]);
});

test("a service that loses its schema loses all of it", async () => {
  const database = await databaseFor({ gallery: { own: ["notes"] } });
  await reconcile(database);
  const access = { ...database.access!, services: { gallery: nothing } };
  await reconcileGrants(database.client, migrations, access);
  expect(await callable(database, "gallery")).toEqual([]);
});

test("other roles' grants are left alone", async () => {
  const database = await databaseFor({ gallery: { own: ["notes"] } });
  await database.client.query("grant usage on schema notes to pg_monitor; grant select on notes.note to pg_monitor");
  await reconcile(database);
  expect(await database.value("select has_table_privilege('pg_monitor', 'notes.note', 'select')")).toBe(true);
});

test("role attributes, memberships and ownership are told: they are the operator's to undo", async () => {
  const database = await databaseFor({ gallery: { own: ["notes"] }, loose: {} }, "attributes");
  await reconcile(database);
  const { gallery, loose, schema_owner: owner } = database.test.roles;
  await database.client.query(`alter role ${gallery} createdb bypassrls; grant ${loose} to ${gallery}`);
  await database.client.query(`alter table notes.note owner to ${loose}; grant usage on language plpgsql to ${loose}`);
  await database.client.query(`alter default privileges grant select on tables to ${loose}; alter role ${owner} login`);
  opened.push({
    async drop() {
      await database.client.query(`alter role ${gallery} nocreatedb nobypassrls; revoke ${loose} from ${gallery}`);
      await database.client.query(`alter role ${owner} nologin`);
    },
  });
  const error: unknown = await check(database).catch((reason: unknown) => reason);
  expect((error as GrantsError).differences).toEqual([
    `${gallery} has the role attribute createdb`,
    `${gallery} has the role attribute bypassrls`,
    `${gallery} is a member of ${loose}, and has its rights`,
    `${loose} has owner of table notes.note`,
    `${loose} has privileges for default privileges on new relations belonging to role postgres`,
    `${loose} has privileges for language plpgsql`,
    `the owner role ${owner} can log in; whoever logs in as it may do anything`,
  ]);
});

test("an owner that is the migrating role itself is a warning", async () => {
  const database = await databaseFor({ gallery: {} });
  const me = String(await database.value("select current_user"));
  const access = { ...database.access!, ownerRole: me };
  await reconcileGrants(database.client, migrations, access);
  expect(await checkGrants(database.client, migrations, access)).toContain(
    `the owner role ${me} can log in; whoever logs in as it may do anything`,
  );
});

test("missing roles are named together, and nothing is changed", async () => {
  const database = await databaseFor({ gallery: {} });
  const access = { ...database.access!, ownerRole: "no_owner", services: { nobody: nothing, gallery: nothing } };
  const error: unknown = await reconcileGrants(database.client, migrations, access).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RolesMissingError);
  expect((error as RolesMissingError).roles).toEqual(["no_owner", `${access.rolePrefix}nobody`]);
});

test.each([
  [{ own: ["no_schema"] }, "names the schema no_schema, which the database does not have"],
  [{ uses: ["@acme/none"] }, "names @acme/none, which no namespaces.txt imports"],
  [{ reads: ["notes.touch_*"] }, "has notes.touch_*, which no read procedure matches"],
])("access.json that names what is not there is refused: %j", async (given, message) => {
  const database = await databaseFor({ gallery: given });
  const error: unknown = await reconcile(database).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AccessFileError);
  expect((error as AccessFileError).message).toContain(message);
});

test("without access.json PUBLIC loses our functions, and no other grant is touched", async () => {
  const database = await BatchDatabase.create();
  opened.push(database);
  await database.installCore();
  await database.apply({ numbered: { 1: tables }, repeatable });
  await database.client.query("grant execute on function notes.helper to public, pg_monitor");
  await database.client.query(
    "grant select on notes.note to public; create function public.theirs() returns int return 1",
  );
  await database.client.query("grant execute on function public.theirs to public");

  const changes = await reconcile(database);
  expect(changes.map((change) => change.statement)).toEqual([
    "revoke execute on routine notes.helper() from public cascade",
  ]);
  expect(await check(database)).toEqual([]);
  expect(await reconcile(database)).toEqual([]);
});

test("an owner role that access.json comes to name is given what is there, with no file pending", async () => {
  const database = await BatchDatabase.create();
  opened.push(database);
  await database.installCore();
  await database.apply({ numbered: { 1: tables }, repeatable });
  const owner = `plinth_test_adopter_${process.pid}`;
  await database.client.query(`create role ${owner}; grant create on database ${database.test.name} to ${owner}`);
  try {
    const access = { rolePrefix: "", ownerRole: owner, services: {} };
    await alignGrants(database.client, migrations, access);
    const owned = "select relowner::regrole::text from pg_class where oid = 'notes.note'::regclass";
    expect(await database.value(owned)).toBe(owner);
    expect(await alignGrants(database.client, migrations, access)).toEqual({ changes: [], warnings: [] });
  } finally {
    await database.client.query(`drop owned by ${owner} cascade; drop role ${owner}`);
  }
});

test("a migrating role that is no superuser reconciles as the owner", async () => {
  const database = await databaseFor({ gallery: { own: ["notes"] }, migrator: {} }, "migrator");
  const { migrator, gallery, schema_owner: owner } = database.test.roles;
  await database.client.query(`grant ${owner} to ${migrator}`);
  const client = new pg.Client({ connectionString: database.test.urlFor("migrator") });
  opened.push({ drop: () => client.end() });
  await client.connect();
  const access = { ...database.access!, services: { gallery: { ...nothing, own: ["notes"] } } };
  await reconcileGrants(client, migrations, access);
  expect(await checkGrants(client, migrations, access)).toEqual([]);

  await database.client.query(`create table public.theirs (); grant select on public.theirs to ${gallery}`);
  await expect(reconcileGrants(client, migrations, access)).rejects.toThrow(GrantsError);
  await database.client.query("drop table public.theirs");
});
