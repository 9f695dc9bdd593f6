import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { Tree } from "./fixtures/tree.ts";
import { type LintOptions, lint } from "./lint.ts";
import { loadMigrations } from "./load-migrations.ts";

function appTree(files: Readonly<Record<string, string>>): Tree {
  const tree = new Tree({ "app/package.json": '{"name":"app"}', "app/migrations/namespaces.txt": "" });
  for (const [name, content] of Object.entries(files)) tree.write(`app/migrations/${name}`, content);
  return tree;
}

/** `rule severity line:column` of each finding in one numbered file, or in the file named. */
async function findings(text: string, fileName = "001-a.sql"): Promise<readonly string[]> {
  using tree = appTree({ "000-first.sql": "-- nothing", [fileName]: text });
  return await summaries(tree);
}

async function summaries(tree: Tree, options?: LintOptions): Promise<readonly string[]> {
  const found = await lint(await loadMigrations(tree.at("app/migrations")), options);
  return found.map(({ rule, severity, position: { line, column } }) => `${rule} ${severity} ${line}:${column}`);
}

const NO_TRANSACTION = "-- disable auto transaction\n";

test.each([
  ["create index concurrently i on s.t (a);"],
  ["drop index concurrently s.i;"],
  ["reindex table concurrently s.t;"],
  ["reindex schema s;"],
  ["vacuum s.t;"],
  ["alter table s.t detach partition s.p concurrently;"],
  ["alter system set work_mem = '1MB';"],
  ["create database d;"],
])("MIG401: %s needs a file without a transaction", async (statement) => {
  expect(await findings(`select 1;\n-- é😀\n  ${statement}`)).toEqual(["MIG401 error 3:3"]);
  expect(await findings(NO_TRANSACTION + statement)).toEqual([]);
});

test("MIG401: a file without a transaction that needs none is pointed out", async () => {
  expect(await findings(`select 1;\n${NO_TRANSACTION}`)).toEqual(["MIG401 warning 2:1"]);
  expect(await findings("select 1;\n\n --disable auto transaction")).toEqual(["MIG401 warning 3:2"]);
  expect(await findings(`${NO_TRANSACTION}alter type s.e add value 'x';`)).toEqual([]);
});

test("MIG402: an index made concurrently has a name, and no if not exists", async () => {
  expect(await findings(`${NO_TRANSACTION}create index concurrently on s.t (a);`)).toEqual(["MIG402 error 2:1"]);
  expect(await findings(`${NO_TRANSACTION}create index concurrently if not exists i on s.t (a);`)).toEqual([
    "MIG402 error 2:1",
  ]);
});

test("MIG403: settings and roles are set for the transaction only", async () => {
  expect(await findings("set local search_path = s; reset role; set lock_timeout = '1s';")).toEqual([
    "MIG403 error 1:40",
  ]);
  expect(await findings("set role postgres;")).toEqual(["MIG403 error 1:1"]);
  expect(await findings("select pg_catalog.set_config('search_path', '', false);")).toEqual(["MIG403 error 1:1"]);
  expect(await findings("select set_config('search_path', '', true);")).toEqual([]);
  expect(await findings(`${NO_TRANSACTION}set lock_timeout = '1s'; vacuum s.t;`)).toEqual([]);
});

test("MIG404: names carry their schema, at the place of the name, emoji or not", async () => {
  expect(await findings("select '😀é'; select * from s.a join b on true;")).toEqual(["MIG404 warning 1:37"]);
  expect(await findings("create table t (id int references u (id));")).toEqual([
    "MIG404 warning 1:14",
    "MIG404 warning 1:35",
  ]);
  expect(await findings("create function f() returns int language sql as 'select 1';")).toEqual(["MIG404 warning 1:1"]);
  expect(await findings("create type e as enum ('a'); drop function if exists g(int);")).toEqual([
    "MIG404 warning 1:1",
    "MIG404 warning 1:30",
  ]);
  expect(
    await findings(
      "create temp table x (a int); insert into x values (1); with c as (select 1) select * from c, pg_class, s.t for update of t;",
    ),
  ).toEqual([]);
});

test("MIG405: the directive in a string, a body or another form does nothing, and that is said", async () => {
  expect(await findings("select '\n-- disable auto transaction\n';")).toEqual(["MIG405 error 2:4"]);
  expect(await findings("-- Disable auto transaction\nselect 1;")).toEqual(["MIG405 error 1:4"]);
  expect(await findings("/* disable auto transaction */ select 1;")).toEqual(["MIG405 error 1:4"]);
  expect(await findings("-- Why this file does not disable auto transaction: it is small.\nselect 1;")).toEqual([]);
});

test("MIG406: a repeatable file can run again", async () => {
  const again = (text: string) => findings(text, "900-r-a.sql");
  expect(await again("create function s.f() returns int language sql as 'select 1';")).toEqual(["MIG406 error 1:1"]);
  expect(await again("create or replace function s.f() returns int language sql as 'select 1';")).toEqual([]);
  expect(
    await again("drop function if exists s.f(int); create function s.f() returns int language sql as '';"),
  ).toEqual([]);
  expect(await again("drop function s.f(int);")).toEqual(["MIG406 error 1:1"]);
  expect(await again("create table s.t (a int); create index i on s.t (a);")).toEqual([
    "MIG406 error 1:1",
    "MIG406 error 1:27",
  ]);
  expect(
    await again("drop trigger if exists g on s.t; create trigger g after insert on s.t execute function s.f();"),
  ).toEqual([]);
  expect(await again("drop policy if exists p on s.t; create policy p on s.t;")).toEqual([]);
  expect(await again("drop type if exists s.e; create type s.e as enum ('a');")).toEqual([]);
  expect(await again("drop index if exists s.i; create index i on s.t (a);")).toEqual([]);
  expect(await again("create materialized view if not exists s.v as select 1;")).toEqual([]);
  expect(await again("insert into s.t values (1);")).toEqual(["MIG406 warning 1:1"]);
  expect(await again("insert into s.t values (1) on conflict do nothing;")).toEqual([]);
  expect(await again("alter table s.t add column a int;")).toEqual(["MIG406 error 1:1"]);
});

test("MIG407: a new value of an enum is not used in its own transaction", async () => {
  const add = "alter type s.e add value 'x';\n";
  expect(await findings(`${add}insert into s.t values ('x');`)).toEqual(["MIG407 error 2:25"]);
  expect(await findings(`insert into s.t values ('x');\n${add}`)).toEqual([]);
  expect(await findings(`${NO_TRANSACTION}${add}insert into s.t values ('x');`)).toEqual([]);
});

test("MIG408: data goes away only with a note", async () => {
  expect(await findings("drop table s.t;\nalter table s.u drop column c, add column d int;")).toEqual([
    "MIG408 error 1:1",
    "MIG408 error 2:1",
  ]);
  expect(await findings("-- migrate: contract nobody reads c since 014\nalter table s.u drop column c;")).toEqual([]);
  expect(await findings("create table s.t (a int); drop table s.t; drop function s.f(); drop index s.i;")).toEqual([]);
  expect(await findings("drop schema s; drop type s.e;")).toEqual(["MIG408 error 1:1", "MIG408 error 1:16"]);
});

test("MIG411: rights are in access.json where there is one", async () => {
  using tree = appTree({
    "001-a.sql":
      "grant select on s.t to x;\nrevoke all on s.t from x;\nalter table s.t owner to x;\ncreate role x;\ngrant a to b;",
  });
  expect(await summaries(tree)).toEqual([]);
  tree.write("app/access.json", '{ "services": {} }');
  const found = await summaries(tree);
  expect(found.filter((each) => each.startsWith("MIG411"))).toHaveLength(found.length);
  expect(found.map((each) => each.split(" ").at(-1))).toEqual(["1:1", "3:1", "4:1", "5:1"]);
});

test("MIG400 and what would be refused at the file's turn are findings with their place", async () => {
  expect(await findings("select '😀';\nselect 'é', frm x from;")).toEqual(["MIG400 error 2:23"]);
  expect(await findings("select 1;\ncommit;")).toEqual(["MIG205 error 2:1"]);
  expect(await findings("\\connect x\nselect 1;")).toEqual(["MIG204 error 1:1"]);
  expect(await findings("-- @proc mode=read\nselect 1;", "900-r-a.sql")).toEqual(["MIG210 error 1:1"]);
});

test("a statement of thousands of terms is looked at, one too deep to parse is pointed out", async () => {
  expect(await findings(`select ${"1 + ".repeat(2_000)} (select 1 from bare);`)).toEqual(["MIG404 warning 1:8024"]);
  expect(await findings(`select ${"1 + ".repeat(40_000)} 1;`)).toEqual(["MIG400 warning 1:1"]);
});

test("a comment with a reason excuses a rule for the statement below it, or around it", async () => {
  expect(
    await findings("-- lint-ignore MIG404 the search_path is fixed here\nselect * from a;\nselect * from b;"),
  ).toEqual(["MIG404 warning 3:15"]);
  expect(await findings("select *\n-- lint-ignore MIG408, MIG404 both meant\nfrom a;")).toEqual([]);
  expect(await findings("-- lint-ignore MIG404\nselect * from a;")).toEqual([
    "MIG416 error 1:1",
    "MIG404 warning 2:15",
  ]);
  expect(await findings("-- lint-ignore because\nselect 1;")).toEqual(["MIG416 error 1:1"]);
  expect(await findings("-- lint-ignore MIG404 nothing here\nselect 1;")).toEqual(["MIG416 warning 1:1"]);
  expect(await findings("select '\n-- lint-ignore MIG404 x\n', a from b;")).toEqual(["MIG404 warning 3:11"]);
});

test("installed packages are their makers' affair", async () => {
  using tree = appTree({ "001-a.sql": "select 1;" });
  tree.write("app/migrations/namespaces.txt", "other");
  tree.write("app/node_modules/other/package.json", '{"name":"other","migrations":"."}');
  tree.write("app/node_modules/other/001-a.sql", "drop table t;");
  expect(await summaries(tree)).toEqual([]);
});

test("MIG409, MIG410, MIG417: numbers and files fit in among those of the base, and only what changed is looked at", async () => {
  using tree = appTree({ "001-a.sql": "select * from bare;", "002-b.sql": "select 2;", "900-r-p.sql": "select 3;" });
  const git = (...args: readonly string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...args], { cwd: tree.at("app"), stdio: "pipe" });
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-q", "-m", "a");
  git("checkout", "-q", "-b", "branch");
  expect(await summaries(tree, { base: "main" })).toEqual([]);

  git("checkout", "-q", "main");
  tree.write("app/migrations/004-theirs.sql", "select 4;");
  git("add", ".");
  git("commit", "-q", "-m", "b");
  git("checkout", "-q", "branch");
  tree.write("app/migrations/003-ours.sql", "select * from bare;");
  tree.write("app/migrations/004-ours.sql", "select 4;");
  tree.write("app/migrations/005-ours.sql", "select 5;");
  tree.write("app/migrations/002-b.sql", "select 22;");
  tree.write("app/migrations/900-r-p.sql", "select 33;");
  const found = await lint(await loadMigrations(tree.at("app/migrations")), { base: "main" });
  expect(found.map(({ rule, position }) => `${rule} ${position.file.split("/").at(-1)}`)).toEqual([
    "MIG417 002-b.sql",
    "MIG409 003-ours.sql",
    "MIG404 003-ours.sql",
    "MIG410 004-ours.sql",
  ]);

  // A file that only has another name now is no second one.
  tree.write("app/migrations/001-renamed.sql", "select 1;");
  rmSync(tree.at("app/migrations/001-a.sql"));
  const renamed = await summaries(tree, { base: "main" });
  expect(renamed).toHaveLength(found.length);
  await expect(summaries(tree, { base: "nowhere" })).rejects.toMatchObject({ code: "MIG420", kind: "usage" });
  await expect(summaries(tree, { base: "--output=x" })).rejects.toMatchObject({ code: "MIG420" });
  await expect(summaries(tree, { base: "" })).rejects.toMatchObject({ option: "base" });
});

const PROC = "-- @proc mode=read returns=many since=0\n";
const proc = (head: string, annotation = PROC) =>
  findings(`${annotation}create or replace function s.f${head} begin atomic select 1; end;`, "900-r-a.sql");

test.each([
  ["() returns setof s.t language sql stable", "MIG506"],
  ["() returns setof s.t language sql security definer", "MIG505"],
  ["() returns s.t language sql stable security definer", "MIG511"],
  ["() returns bigint language sql stable security definer", "MIG511"],
  ["(bigint) returns setof s.t language sql stable security definer", "MIG515"],
  ["(variadic a int[]) returns setof s.t language sql stable security definer", "MIG515"],
])("what apply would refuse is found in the text: %s is %s", async (head, rule) => {
  expect(await proc(head)).toEqual([`${rule} error 2:1`]);
});

test("MIG508: a body that is text needs a search_path of its own", async () => {
  const made = (set: string) =>
    findings(
      `${PROC}create or replace function s.f() returns setof s.t language plpgsql stable security definer ${set} as $$ begin end $$;`,
      "900-r-a.sql",
    );
  expect(await made("")).toEqual(["MIG508 error 2:1"]);
  expect(await made("set search_path = pg_catalog, pg_temp")).toEqual([]);
});

test("what only the catalog tells is not held against a procedure", async () => {
  const rest = "language sql stable security definer";
  expect(await proc(`() returns setof s.t ${rest}`, `${PROC}-- @column a nullable\n`)).toEqual([]);
  expect(await proc(`() returns s.e ${rest}`, PROC.replace("many", "scalar"))).toEqual([]);
  expect(await proc(`(out a int, out b text) ${rest}`, PROC.replace("many", "one"))).toEqual([]);
  expect(await proc(`(a int, out b text) ${rest}`, PROC.replace("many", "one"))).toEqual([]);
});

test("MIG520: access.json names packages that are in the graph", async () => {
  using tree = appTree({ "001-a.sql": "-- nothing" });
  tree.write(
    "app/access.json",
    '{\n  "services": {\n    "web": { "own": ["a"],\n      "uses": ["@acme/quue"] }\n  }\n}',
  );
  const [finding, ...others] = await lint(await loadMigrations(tree.at("app/migrations")));
  expect(finding).toMatchObject({ rule: "MIG520", severity: "error", position: { line: 4 } });
  expect(finding?.message).toContain("@acme/quue, which no namespaces.txt imports");
  expect(others).toEqual([]);
});

const BLOCKING = [
  ["create index i on s.t (a);", "MIG421"],
  ["alter table s.t add column b int not null;", "MIG421"],
  ["alter table s.t alter column a type bigint;", "MIG421"],
  ["alter table s.t add foreign key (a) references s.u (id);", "MIG421"],
  ["update s.t set a = 1;", "MIG421"],
  ["delete from s.t;", "MIG421"],
  ["lock table s.t;", "MIG421"],
  ["alter table s.t rename to u;", "MIG422"],
  ["alter table s.t rename column a to b;", "MIG422"],
] as const;

test.each(BLOCKING)("%s on a table that is in use is a warning, %s", async (statement, rule) => {
  expect(await findings(statement)).toEqual([`${rule} warning 1:1`]);
  expect(await findings(`-- lint-ignore ${rule} ten rows\n${statement}`)).toEqual([]);
});

test.each(BLOCKING.map(([statement]) => statement))("%s on a table of the same batch is none", async (statement) => {
  expect(await findings(`create table s.t (a int);\n${statement}`)).toEqual([]);
  using tree = appTree({ "001-t.sql": "create table s.t (a int);", "002-a.sql": statement });
  expect(await summaries(tree)).toEqual([]);
});

test.each([
  "alter table s.t add column b int;",
  "alter table s.t add column b int not null default 0;",
  "alter table s.t add column b bigint generated always as identity not null;",
  "alter table s.t add column b bigserial not null;",
  "alter table s.t add foreign key (a) references s.u (id) not valid;",
  "update s.t set a = 1 where a = 0;",
  "alter view s.v rename to w;",
  "alter index s.i rename to j;",
  `${NO_TRANSACTION}create index concurrently i on s.t (a);`,
])("%s keeps nobody waiting for long", async (statement) => {
  expect(await findings(statement)).toEqual([]);
});

test("a table of the last release is in use, and a released file is not looked at for that again", async () => {
  using tree = appTree({
    "001-t.sql": "create table s.t (a int);",
    "002-i.sql": "create index i on s.v (a);",
    "003-j.sql": "create index j on s.t (a);",
  });
  const lock = { format: 1, namespace: "app", version: 2, files: [], procedures: [] };
  tree.write("app/procedures.lock.json", JSON.stringify(lock));
  const found = await lint(await loadMigrations(tree.at("app/migrations")));
  expect(found.map(({ rule, position }) => `${rule} ${position.file.split("/").at(-1)}`)).toEqual(["MIG421 003-j.sql"]);
});
