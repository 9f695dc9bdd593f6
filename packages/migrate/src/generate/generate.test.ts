import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeAll, expect, test } from "@jest/globals";
import { testServer } from "@plinth/testing";
import pg from "pg";
import { TypesPackage } from "../fixtures/types-package.ts";
import { PromiseBrokenError } from "../lock-check.ts";
import { generate } from "./generate.ts";
import { StaleTypesError, TypesDatabaseError, TypesImpossibleError } from "./generate-error.ts";

const tables = `
create schema shop;
create type shop.state as enum ('open', 'closed "for good"');
create domain shop.email as text check (value like '%@%');
create table shop.customer (
  id bigint generated always as identity primary key,
  email shop.email not null,
  picture bytea,
  balance numeric(10, 2) not null default 0,
  settings jsonb not null default '{}',
  states shop.state[] not null default '{}',
  seen_at timestamptz,
  full_name text generated always as (email || '!') stored
);
comment on table shop.customer is 'Who buys.';
comment on column shop.customer.balance is 'In euros.';`;

const procedures = `
-- @proc mode=read returns=maybe since=1
-- One customer. */ is no end of this comment.
create or replace function shop.get_customer(id_in bigint)
returns setof shop.customer language sql stable security definer
begin atomic select c.* from shop.customer c where c.id = id_in; end;

-- @proc service=till mode=write returns=one since=1 waits
-- @param picture nullable
-- @param settings json:Settings
-- @param extra nullable
-- @column settings json:Settings
-- @column note nullable
create or replace function shop.put_customer(
  email_in shop.email, picture_in bytea, states_in shop.state[] default '{}', settings_in jsonb default '{}', extra_in json default null
)
returns table (id bigint, settings jsonb, note text, states shop.state[]) language sql volatile security definer
begin atomic
  insert into shop.customer (email, picture, states, settings) values (email_in, picture_in, states_in, settings_in)
  returning customer.id, customer.settings, null::text, customer.states;
end;

-- @proc mode=read returns=many since=1
-- @param after_email nullable
-- @param after_id nullable
create or replace function shop.list_customers(
  state_in shop.state default 'open', after_email_in text default null, after_id_in bigint default null, page_size_in integer default 100
)
returns table (id bigint, email text) language sql stable security definer
begin atomic
  select c.id, c.email from shop.customer c
  where (c.email, c.id) > (coalesce(after_email_in, ''), coalesce(after_id_in, 0)) order by c.email, c.id limit page_size_in;
end;

-- @proc mode=read returns=many since=1
create or replace function shop.list_ids() returns setof bigint language sql stable security definer
begin atomic select c.id from shop.customer c; end;

-- @proc mode=read returns=scalar since=1
-- @column last_seen nullable
create or replace function shop.last_seen() returns timestamptz language sql stable security definer
begin atomic select max(c.seen_at) from shop.customer c; end;

-- @proc service=shop mode=write returns=void since=1
create or replace function shop.touch(id_in bigint, at_in timestamptz, times_in timestamp[] default null)
returns void language sql volatile security definer
begin atomic update shop.customer set seen_at = at_in where customer.id = id_in; end;

-- @proc mode=write returns=void since=1 deprecated=1
create or replace function shop.forget() returns void language sql volatile security definer
begin atomic select; end;`;

const shop = { "migrations/001-shop.sql": tables, "migrations/900-r-procedures.sql": procedures };
const settings = { "src/procedure-json.ts": "export interface Settings { readonly theme?: string }\n" };

let url: string;
const opened: TypesPackage[] = [];

beforeAll(async () => {
  url = (await testServer()).url;
});

afterEach(async () => {
  for (const each of opened.splice(0)) await each.remove();
});

async function packageOf(files: Record<string, string>): Promise<TypesPackage> {
  const made = await TypesPackage.create(files);
  opened.push(made);
  return made;
}

const textOf = (made: TypesPackage, path: string) => readFile(join(made.directory, path), "utf8");

test("callers, rows and schemas compile under strict settings, and are what the catalog and the annotations say", async () => {
  const made = await packageOf({ ...shop, ...settings });
  await generate({ directory: made.migrations, url });
  const uses = `
    import type { Database } from "@plinth/db-core";
    import type * as z from "zod";
    import { contract, type GetCustomerRow, type ShopWrites, type State } from "./procedures.gen.ts";
    import { type Customer, customer, getCustomerRow, touchArgs } from "./structure.gen.ts";

    type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
    const yes = <T extends true>(value?: T): T | undefined => value;

    export async function shop(db: Database<readonly [typeof contract], "till">): Promise<void> {
      const found = await db.procs.shop.getCustomer({ id: 1n });
      yes<Same<typeof found, GetCustomerRow | undefined>>();
      yes<Same<GetCustomerRow["picture"], Uint8Array | null>>();
      yes<Same<GetCustomerRow["balance"], string>>();
      yes<Same<GetCustomerRow["seenAt"], Date | null>>();
      yes<Same<GetCustomerRow["states"], State[]>>();
      yes<Same<State, "open" | 'closed "for good"'>>();
      const put = await db.procs.shop.putCustomer({ email: "a@b", picture: null, states: ["open"], settings: { theme: "x" } });
      yes<Same<typeof put.note, string | null>>();
      yes<Same<typeof put.id, bigint>>();
      yes<Same<typeof put.settings.theme, string | undefined>>();
      const ids = await db.procs.shop.listIds();
      yes<Same<typeof ids, bigint[]>>();
      const seen = await db.procs.shop.lastSeen();
      yes<Same<typeof seen, Date | null>>();
      for await (const each of db.iterate.shop.listCustomers({ state: "open" }, { pageSize: 10 })) yes<Same<typeof each.email, string>>();
      for await (const each of db.iterate.shop.listCustomers()) yes<Same<typeof each.id, bigint>>();
      // @ts-expect-error an argument is missing
      await db.procs.shop.getCustomer({});
      // @ts-expect-error nobody said that it may be null
      await db.procs.shop.putCustomer({ email: null, picture: null });
      // @ts-expect-error it is deprecated
      await db.procs.shop.forget();
      // @ts-expect-error where a page begins is the iterator's affair
      db.iterate.shop.listCustomers({ afterId: 1n });
    }

    export async function otherService(db: Database<readonly [typeof contract], "web">): Promise<void> {
      // @ts-expect-error it is the till's own
      await db.procs.shop.putCustomer({ email: "a@b", picture: null });
    }

    export async function ownService(db: Database<readonly [typeof contract], "shop">): Promise<void> {
      yes<Same<typeof db.procs.shop.touch, typeof db.procs.shop.touch & ShopWrites["touch"]>>();
      await db.procs.shop.touch({ id: 1n, at: new Date() });
      await db.procs.shop.touch({ id: 1n, at: "2026-11-21 07:26:20.123456Z", times: [new Date(), "infinity"] });
      // @ts-expect-error it is an int8
      await db.procs.shop.touch({ id: 1, at: new Date() });
    }

    export function rows(value: unknown): [Customer, unknown] {
      yes<Same<z.infer<typeof customer>["states"], Customer["states"]>>();
      const row: GetCustomerRow = getCustomerRow.parse(value);
      yes<Same<typeof row.id, bigint>>();
      yes<Same<z.infer<typeof touchArgs>["at"], Date | string>>();
      return [customer.parse(value), touchArgs.parse(value)];
    }`;
  await made.write({ "src/uses.ts": uses });
  expect(await made.compile()).toBe("");
  expect(await textOf(made, "src/procedures.gen.ts")).not.toMatch(/\bany\b/);
  expect(await textOf(made, "src/structure.gen.ts")).not.toMatch(/\bany\b/);
});

test("the contract that runs says how each procedure is called", async () => {
  const made = await packageOf({ ...shop, ...settings });
  await generate({ directory: made.migrations, url });
  expect(await made.compile()).toBe("");
  const { contract } = await import(pathToFileURL(join(made.directory, "dist/procedures.gen.js")).href);
  expect(contract).toMatchObject({ name: "@acme/shop", version: 1, migrations: made.migrations });
  expect(Object.keys(contract.procedures.shop)).toEqual([
    "getCustomer",
    "lastSeen",
    "listCustomers",
    "listIds",
    "putCustomer",
    "touch",
  ]);
  expect(contract.procedures.shop.lastSeen).toMatchObject({ returns: "scalar", nullable: true });
  expect(contract.procedures.shop.listIds).not.toHaveProperty("nullable");
  expect(contract.procedures.shop.putCustomer).toEqual({
    schema: "shop",
    name: "put_customer",
    mode: "write",
    returns: "one",
    waits: true,
    service: "till",
    args: [
      ["email", "email_in", "text"],
      ["picture", "picture_in", "bytea"],
      ["states", "states_in", "shop.state[]", true],
      ["settings", "settings_in", "jsonb", true],
      ["extra", "extra_in", "json", true, "nullable"],
    ],
    columns: [
      ["id", "id", "bigint"],
      ["settings", "settings", "jsonb"],
      ["note", "note", "text"],
      ["states", "states", "shop.state[]"],
    ],
  });
  expect(contract.procedures.shop.listIds).toMatchObject({
    setOfScalars: true,
    columns: [["listIds", "list_ids", "bigint"]],
  });
  expect(contract.procedures.shop.listCustomers.keyset).toEqual(["email", "id"]);
});

test("schemas parse what the database gives, and refuse what it would not", async () => {
  const made = await packageOf({ ...shop, ...settings });
  await generate({ directory: made.migrations, url });
  await made.compile();
  const structure = await import(pathToFileURL(join(made.directory, "dist/structure.gen.js")).href);
  const { customer, getCustomerRow, listCustomersArgs, putCustomerArgs, putCustomerRow, touchArgs } = structure;
  expect(putCustomerArgs.parse({ email: "a@b", picture: null, states: ["open"] })).toBeDefined();
  expect(putCustomerArgs.safeParse({ email: "a@b" }).success).toBe(false);
  expect(listCustomersArgs.parse({})).toEqual({});
  expect(putCustomerRow.parse({ id: 1n, settings: { theme: "x" }, note: null, states: [] })).toBeDefined();
  expect(getCustomerRow.safeParse({ id: 1 }).success).toBe(false);
  const row = {
    id: 1n,
    email: "a@b",
    picture: new Uint8Array([1]),
    balance: "0",
    settings: {},
    states: ["open"],
    seenAt: null,
    fullName: null,
  };
  expect(customer.parse(row)).toBeDefined();
  expect(customer.safeParse({ ...row, states: ["ajar"] }).success).toBe(false);
  expect(customer.safeParse({ ...row, picture: "no bytes" }).success).toBe(false);
  expect(touchArgs.parse({ id: 1n, at: "infinity", times: [new Date()] })).toBeDefined();
  expect(touchArgs.safeParse({ id: 1n, at: 5 }).success).toBe(false);
});

test("a list that can't be read in pages, and a type that nobody has written, are warned of", async () => {
  const list = (name: string, args: string, columns = "id bigint") => `
    -- @proc mode=read returns=many since=1
    -- @column note json:Note
    create or replace function shop.${name}(${args}) returns table (${columns}, note jsonb) language sql stable security definer
    begin atomic select c.id, c.settings from shop.customer c limit page_size_in; end;`;
  const size = "page_size_in integer default 100";
  const made = await packageOf({
    "migrations/001-shop.sql": tables,
    "migrations/900-r-procedures.sql": [
      list("list_right", `after_id_in bigint default null, ${size}`),
      list("list_misspelt", `aftre_id_in bigint default null, ${size}`),
      list("list_other", `after_ident_in bigint default null, ${size}`),
      list("list_required", `after_id_in bigint, ${size}`),
    ].join("\n"),
  });
  expect((await generate({ directory: made.migrations, url })).warnings).toEqual([
    "shop.list_misspelt takes page_size_in, and is no read procedure with returns=many and arguments like after_id_in, so db.iterate does not have it",
    "shop.list_other takes page_size_in and after_ident_in, and has no column ident, so db.iterate does not have it",
    "shop.list_required takes page_size_in, and its after_id_in has no default, so db.iterate does not have it",
    "src/procedures.gen.ts wants src/procedure-json.ts, exporting Note: the types that json: names",
  ]);
  await made.write({ "src/procedure-json.ts": "export interface Note { readonly text: string }\n" });
  expect((await generate({ directory: made.migrations, url, check: true })).warnings).toHaveLength(3);
});

test("the same migrations give the same bytes, and a stale file is found by --check", async () => {
  const made = await packageOf(shop);
  const first = await generate({ directory: made.migrations, url });
  expect(first.written).toHaveLength(2);
  expect((await generate({ directory: made.migrations, url })).written).toEqual([]);
  expect((await generate({ directory: made.migrations, url, check: true })).unchanged).toHaveLength(2);

  const path = join(made.directory, "src/procedures.gen.ts");
  const text = await readFile(path, "utf8");
  await made.write({ "src/procedures.gen.ts": text.replace("version: 1", "version: 2") });
  const error: unknown = await generate({ directory: made.migrations, url, check: true }).catch((reason) => reason);
  expect(error).toBeInstanceOf(StaleTypesError);
  expect((error as StaleTypesError).files).toEqual([path]);
  expect((error as StaleTypesError).positions[0]?.text).toBe("  version: 2,");
  expect(await readFile(path, "utf8")).toContain("version: 2");
});

test("a column that refers to another package's table has the type that the package exports for it", async () => {
  const made = await packageOf({
    "package.json": JSON.stringify({
      name: "@acme/shop",
      type: "module",
      dependencies: { zod: "4", "@acme/jobs": "1" },
    }),
    "migrations/namespaces.txt": "@acme/jobs",
    "migrations/001-shop.sql":
      "create schema shop; create table shop.delivery (id int primary key, job_id bigint references jobs.job);",
    "node_modules/@acme/jobs/package.json": JSON.stringify({
      name: "@acme/jobs",
      type: "module",
      migrations: "./migrations",
      exports: {
        "./structure": { types: "./structure.d.ts", default: "./structure.js" },
        "./package.json": "./package.json",
      },
    }),
    "node_modules/@acme/jobs/structure.js": `
      import * as z from "zod";
      export const jobId = z.bigint().brand("JobId");
      export const structure = { references: { "jobs.job(id)": { type: "JobId", schema: "jobId" } } };`,
    "node_modules/@acme/jobs/structure.d.ts": `
      import * as z from "zod";
      export type JobId = bigint & { readonly brand: "JobId" };
      export declare const jobId: z.ZodType<JobId>;`,
    "node_modules/@acme/jobs/migrations/namespaces.txt": "",
    "node_modules/@acme/jobs/migrations/001-job.sql":
      "create schema jobs; create table jobs.job (id bigint primary key);",
    "node_modules/@acme/jobs/migrations/900-r-jobs.sql": `
      -- @proc mode=read returns=scalar since=1
      create or replace function jobs.count_jobs() returns bigint language sql stable security definer
      begin atomic select count(*) from jobs.job; end;`,
  });
  await generate({ directory: made.migrations, url });
  const text = await textOf(made, "src/structure.gen.ts");
  expect(text).toContain('import { type JobId, jobId } from "@acme/jobs/structure";');
  expect(text).toContain("readonly jobId: JobId | null;");
  expect(text).not.toContain("interface Job ");
  expect(await made.compile()).toBe("");
});

test("names that TypeScript could not tell apart are refused, all of them", async () => {
  const made = await packageOf({
    "migrations/001-shop.sql": `
      create schema shop;
      create table shop.item (some_name int, "someName" int);
      create type shop.pair as (a int, b int);`,
    "migrations/900-r-shop.sql": `
      -- @proc mode=read returns=many since=1
      create or replace function shop.list_pairs(a_in int, a int) returns table (pair shop.pair) language sql stable security definer
      begin atomic select row(1, 2)::shop.pair; end;`,
  });
  const error: unknown = await generate({ directory: made.migrations, url }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TypesImpossibleError);
  expect((error as TypesImpossibleError).problems).toEqual([
    "shop.list_pairs: the arguments a_in and a would both be called a",
    expect.stringContaining("shop.list_pairs, column pair is of type shop.pair, a row within a row"),
    "shop.item: the columns some_name and someName would both be called someName",
  ]);
});

test("with lock, what is promised is written down, and a later break of it is refused", async () => {
  const made = await packageOf(shop);
  await generate({ directory: made.migrations, url, lock: true });
  const lock = JSON.parse(await textOf(made, "procedures.lock.json"));
  expect(lock.procedures.map((each: { name: string }) => each.name)).toContain("forget");

  await made.write({ "migrations/900-r-procedures.sql": procedures.replaceAll("shop.list_ids", "shop.list_keys") });
  await expect(generate({ directory: made.migrations, url, lock: true })).rejects.toThrow(PromiseBrokenError);
});

test("no scratch database is left behind, whatever happens", async () => {
  const made = await packageOf({ "migrations/001-shop.sql": "select 1 / 0;" });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const mine = "select array(select datname::text from pg_database where datname like 'plinth_scratch_%') as names";
  const before: string[] = (await client.query(mine)).rows[0].names;
  await expect(generate({ directory: made.migrations, url })).rejects.toMatchObject({ code: "MIG301" });
  const after: string[] = (await client.query(mine)).rows[0].names;
  await client.end();
  expect(after.filter((name) => !before.includes(name))).toEqual([]);
});

test("a role that may not create databases is told so", async () => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const role = `plinth_types_${process.pid}`;
  await client.query(`create role ${role} login password 'x'`);
  try {
    const limited = new URL(url);
    limited.username = role;
    limited.password = "x";
    const made = await packageOf(shop);
    await expect(generate({ directory: made.migrations, url: limited.href })).rejects.toThrow(TypesDatabaseError);
  } finally {
    await client.query(`drop role ${role}`);
    await client.end();
  }
});
