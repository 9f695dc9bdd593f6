import { afterEach, expect, test } from "@jest/globals";
import { contract as core } from "@plinth/db-core";
import pg from "pg";
import { TypesPackage } from "./fixtures/types-package.ts";
import { createMigratedDatabase, type MigratedDatabase, type MigratedDatabaseOptions } from "./migrated-database.ts";

const files = {
  "migrations/001-notes.sql": `
    create schema notes;
    create table notes.note (id bigint generated always as identity primary key, body text not null);
    insert into notes.note (body) values ('kept');`,
  "migrations/900-r-notes.sql": `
    -- @proc mode=read returns=scalar since=1
    create or replace function notes.count_notes() returns bigint language sql stable security definer
    begin atomic select count(*) from notes.note; end;

    -- @proc service=image-worker mode=write returns=void since=1
    create or replace function notes.add_note(body_in text) returns void language sql volatile security definer
    begin atomic insert into notes.note (body) values (body_in); end;`,
};

const accessFile = JSON.stringify({
  ownerRole: "notes_owner",
  services: { "image-worker": { own: ["notes"] }, web: { reads: ["notes.count_*"] } },
});

const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

async function databaseOf(
  more: Record<string, string>,
  options: Omit<MigratedDatabaseOptions, "migrations"> = {},
): Promise<MigratedDatabase> {
  const made = await TypesPackage.create({ ...files, ...more });
  opened.push({ close: () => made.remove() });
  const database = await createMigratedDatabase({ migrations: made.migrations, ...options });
  opened.push({ close: () => database.drop() });
  return database;
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test("a database is migrated, and truncate puts back what the migrations put there", async () => {
  const database = await databaseOf({});
  await query(database.url, "select notes.add_note('mine')");
  expect(await query(database.url, "select notes.count_notes() as n")).toEqual([{ n: "2" }]);
  await database.truncate();
  expect(await query(database.url, "select body from notes.note")).toEqual([{ body: "kept" }]);
  expect(
    await query(database.url, "select version from plinth_core.get_versions() where namespace = '@acme/shop'"),
  ).toEqual([{ version: 1 }]);
});

test("as a service of access.json, a test may do what that service may, and is refused the rest", async () => {
  const database = await databaseOf({ "access.json": accessFile }, { service: "web" });
  expect(await query(database.url, "select notes.count_notes() as n")).toEqual([{ n: "1" }]);
  for (const refused of ["select notes.add_note('mine')", "select * from notes.note"])
    await expect(query(database.url, refused)).rejects.toMatchObject({ code: "42501" });
  await query(database.urlFor("image-worker"), "select notes.add_note('mine')");
  expect(await query(database.adminUrl, "select tableowner from pg_tables where schemaname = 'notes'")).toEqual([
    { tableowner: expect.stringMatching(/^plinth_test_.*_plinth_owner$/) },
  ]);
});

test("db is connected as the service, with typed callers of the contracts that were given", async () => {
  const made = await TypesPackage.create({ ...files, "access.json": accessFile });
  opened.push({ close: () => made.remove() });
  const database = await createMigratedDatabase({ migrations: made.migrations, service: "web", namespaces: [core] });
  opened.push({ close: () => database.drop() });
  const versions = await database.db.procs.core.getVersions();
  expect(versions.map(({ namespace, version }) => [namespace, version]).sort()).toEqual([
    ["@acme/shop", 1],
    ["@plinth/db-core", 1],
  ]);
  await expect(database.db.query("select * from notes.note")).rejects.toMatchObject({ name: "PermissionDeniedError" });
  await database.drop();
  await database.drop();
});

test("without access.json, a service uses the package: what is nobody's own, and no table", async () => {
  const database = await databaseOf({}, { service: "anyone" });
  expect(await query(database.url, "select notes.count_notes() as n")).toEqual([{ n: "1" }]);
  await expect(query(database.url, "select * from notes.note")).rejects.toMatchObject({ code: "42501" });
});

test("what access.json says is part of what a template is made of", async () => {
  const services = { web: { own: [], uses: [], reads: ["notes.count_*"] } };
  const granted = await databaseOf({}, { service: "web", access: { rolePrefix: "", ownerRole: undefined, services } });
  await query(granted.url, "select notes.count_notes()");
  const none = { web: { own: [], uses: [], reads: [] } };
  const bare = await databaseOf(
    {},
    { service: "web", access: { rolePrefix: "", ownerRole: undefined, services: none } },
  );
  await expect(query(bare.url, "select notes.count_notes()")).rejects.toMatchObject({ code: "42501" });
});

test("a service that access.json doesn't have is refused before anything is made", async () => {
  await expect(databaseOf({ "access.json": accessFile }, { service: "nobody" })).rejects.toMatchObject({
    code: "OPTION_INVALID",
    option: "service",
  });
});

test("a migration that fails fails its test, with the file named", async () => {
  await expect(databaseOf({ "migrations/002-wrong.sql": "select nothing" })).rejects.toMatchObject({
    code: "MIG301",
    positions: [expect.objectContaining({ file: expect.stringContaining("002-wrong.sql") })],
  });
});
