import { expect, test } from "@jest/globals";
import { Checkout } from "./checkout.ts";
import { documentOf, type Run } from "./cli.ts";
import { EmptyDatabase } from "./empty-database.ts";

const OK = expect.objectContaining({ code: 0 });

function applied(run: Run): string[] {
  return documentOf<{ applied: { namespace: string; fileName: string }[] }>(run)
    .applied.filter(({ namespace }) => namespace === "@acme/app")
    .map(({ fileName }) => fileName);
}

/** A repeatable file that marks each of its runs and makes a function that gives a word. */
const saying = (word: string): string => `
insert into app.run (word) values ('${word}');

-- @proc mode=read returns=scalar since=1
-- A word. Takes no lock.
create or replace function app.say()
returns text
language sql stable security definer
begin atomic
  select '${word}'::text;
end;`;

const schema = "create schema app; create table app.run (id bigint generated always as identity, word text);";

test("a repeatable file with the contents A, B and A again runs three times, and no more", async () => {
  await using database = await EmptyDatabase.create();
  using checkout = Checkout.with({ "migrations/001-app.sql": schema });
  for (const word of ["A", "B", "A"]) {
    checkout.write({ "migrations/900-r-say.sql": saying(word) });
    const run = await checkout.run(database.url, "apply", "--json");
    expect(run).toEqual(OK);
    expect(applied(run)).toContain("900-r-say.sql");
    expect(await database.column("select app.say()")).toEqual([word]);
    const again = await checkout.run(database.url, "apply", "--json");
    expect(applied(again)).toEqual([]);
  }
  expect(await database.column("select word from app.run order by id")).toEqual(["A", "B", "A"]);
  expect(
    await database.column(
      "select count(*)::int from plinth_migrate.ledger where kind = 'repeatable' and namespace = '@acme/app'",
    ),
  ).toEqual([3]);
});

test("other line ends and a byte order mark are no other content", async () => {
  await using database = await EmptyDatabase.create();
  using checkout = Checkout.with({ "migrations/001-app.sql": schema, "migrations/900-r-say.sql": saying("A") });
  expect(await checkout.run(database.url, "apply")).toEqual(OK);
  checkout.write({
    "migrations/001-app.sql": `\uFEFF${schema}`,
    "migrations/900-r-say.sql": saying("A").replaceAll("\n", "\r\n"),
  });
  const run = await checkout.run(database.url, "apply", "--json");
  expect(run).toEqual(OK);
  expect(applied(run)).toEqual([]);
});

test("an older checkout changes nothing in a newer database, warns, and exits with 0", async () => {
  await using database = await EmptyDatabase.create();
  using checkout = Checkout.with({ "migrations/001-app.sql": schema, "migrations/900-r-say.sql": saying("old") });
  expect(await checkout.run(database.url, "apply")).toEqual(OK);
  checkout.write({ "migrations/002-release.sql": "-- A release.\n", "migrations/900-r-say.sql": saying("new") });
  expect(await checkout.run(database.url, "apply")).toEqual(OK);
  const ledger = () => database.column("select count(*)::int from plinth_migrate.ledger");
  const before = await ledger();

  checkout.write({ "migrations/900-r-say.sql": saying("old") }).delete("migrations/002-release.sql");
  const run = await checkout.run(database.url, "apply", "--json");
  expect(run).toEqual(OK);
  expect(documentOf(run)).toMatchObject({ applied: [], grants: [] });
  expect(run.stderr).toMatch(/@acme\/app: the database is at 2, this checkout ends at 1: an older checkout/);
  expect(documentOf<{ warnings: string[] }>(run).warnings).toEqual([expect.stringContaining("older checkout")]);
  expect(await database.column("select app.say()")).toEqual(["new"]);
  expect(await ledger()).toEqual(before);
});

test("an older checkout runs none of its repeatable files, one that the database has never seen neither", async () => {
  await using database = await EmptyDatabase.create();
  using checkout = Checkout.with({
    "migrations/001-app.sql": schema,
    "migrations/002-release.sql": "-- A release.\n",
    "migrations/900-r-say.sql": saying("new"),
  });
  expect(await checkout.run(database.url, "apply")).toEqual(OK);
  checkout
    .delete("migrations/002-release.sql")
    .delete("migrations/900-r-say.sql")
    .write({ "migrations/800-r-say.sql": saying("old") });
  const run = await checkout.run(database.url, "apply", "--json");
  expect(run).toEqual(OK);
  expect(applied(run)).toEqual([]);
  expect(await database.column("select app.say()")).toEqual(["new"]);
});

test("a repeatable file that needs a later column runs on the upgraded database, and is caught by a replay", async () => {
  await using database = await EmptyDatabase.create();
  const view = (columns: string) => `create or replace view app.runs as select ${columns} from app.run;`;
  using checkout = Checkout.with({ "migrations/001-app.sql": schema, "migrations/100-r-runs.sql": view("id, word") });
  expect(await checkout.run(database.url, "apply")).toEqual(OK);
  checkout.write({
    "migrations/200-loud.sql": "alter table app.run add column loud boolean;",
  });
  expect(await checkout.run(database.url, "apply")).toEqual(OK);
  expect(await checkout.run(database.url, "verify", "--shadow")).toEqual(OK);

  checkout.write({ "migrations/100-r-runs.sql": view("id, word, loud") });
  expect(await checkout.run(database.url, "apply")).toEqual(OK);
  expect(await checkout.run(database.url, "verify")).toEqual(OK);
  const replayed = await checkout.run(database.url, "verify", "--shadow");
  expect(replayed.code).not.toBe(0);
  expect(replayed.stderr).toContain("100-r-runs.sql:1:");
  expect(replayed.stderr).toContain('column "loud" does not exist');
});

test("what somebody changed by hand is caught by a replay", async () => {
  await using database = await EmptyDatabase.create();
  using checkout = Checkout.with({ "migrations/001-app.sql": schema, "migrations/900-r-say.sql": saying("A") });
  expect(await checkout.run(database.url, "apply")).toEqual(OK);
  await database.rows("alter table app.run add column by_hand text");
  expect(await checkout.run(database.url, "verify")).toEqual(OK);
  const replayed = await checkout.run(database.url, "verify", "--shadow");
  expect(replayed.code).toBe(4);
  expect(replayed.stderr).toContain("by_hand");
});
