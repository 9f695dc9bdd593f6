import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Checkout } from "./checkout.ts";
import { documentOf } from "./cli.ts";
import { EmptyDatabase } from "./empty-database.ts";

const procedures = `
-- @proc mode=read returns=maybe since=1
-- A word. No row: there is none such. Takes no lock.
create or replace function app.get_word(id_in bigint)
returns table (id bigint, word text)
language sql stable security definer
begin atomic
  select w.id, w.word
  from app.word w
  where w.id = id_in;
end;

-- @proc mode=write returns=scalar since=1
-- Adds a word, and gives its id. Locks nothing that others wait for.
create or replace function app.add_word(word_in text)
returns bigint
language sql volatile security definer
begin atomic
  insert into app.word (word)
  values (word_in)
  returning id;
end;
`;

let database: EmptyDatabase;
let checkout: Checkout;

beforeAll(async () => {
  database = await EmptyDatabase.create();
  checkout = Checkout.with({
    "migrations/001-word.sql":
      "create schema app; create table app.word (id bigint generated always as identity primary key, word text);",
    "migrations/900-r-procedures.sql": procedures,
  });
  expect(await checkout.run(database.url, "apply")).toMatchObject({ code: 0 });
});
afterAll(async () => {
  checkout[Symbol.dispose]();
  await database[Symbol.asyncDispose]();
});

/** All of a namespace that a batch could have changed. */
function catalog(): Promise<object[]> {
  return database.rows(
    `select
       (select count(*)::int from plinth_migrate.ledger l where l.status = 'applied') as applied,
       (select count(*)::int from plinth_core.procedure) as promised,
       (select array_agg(c.relname order by c.relname) from pg_class c where c.relnamespace = 'app'::regnamespace) as relations,
       (
         select array_agg(pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '') order by p.oid::regprocedure::text)
         from pg_proc p
         where p.pronamespace = 'app'::regnamespace
       ) as functions`,
  );
}

/** What breaks the contract: the name of the test, the code that the command ends with, and what a developer did to the file. */
const breaches: readonly [name: string, code: string, edit: (text: string) => string][] = [
  [
    "a procedure that is gone",
    "MIG501",
    (text) => `drop function app.add_word;\n${text.slice(0, text.indexOf("\n-- @proc mode=write"))}`,
  ],
  ["a second overload", "MIG502", (text) => text.replace("app.get_word(id_in bigint)", "app.get_word(id_in integer)")],
  [
    "an argument that old calls don't give",
    "MIG503",
    (text) => `drop function app.add_word;\n${text.replace("(word_in text)", "(word_in text, tone_in text)")}`,
  ],
  [
    "a result without a column that it had",
    "MIG504",
    (text) => `drop function app.get_word;\n${text.replace("(id bigint, word text)", "(id bigint, words text)")}`,
  ],
  ["a read procedure that may write", "MIG505", (text) => text.replace("language sql stable", "language sql volatile")],
  ["a procedure with its caller's rights", "MIG506", (text) => text.replace("stable security definer", "stable")],
  [
    "a procedure that everybody may call",
    "MIG507",
    (text) => `${text}\ngrant execute on function app.get_word to public;`,
  ],
  [
    "a procedure that finds tables by its caller's path",
    "MIG508",
    (text) =>
      text.replace(
        /begin atomic\n {2}select[^;]*;\nend;/,
        () => "as $$ select w.id, w.word from app.word w where w.id = id_in $$;",
      ),
  ],
];

for (const [name, code, edit] of breaches)
  test(`${name} is refused with ${code} and exit code 10, and nothing of its batch is committed`, async () => {
    const before = await catalog();
    const edited = edit(procedures);
    expect(edited).not.toBe(procedures);
    checkout.write({
      "migrations/002-more.sql": "create table app.more (id bigint);",
      "migrations/900-r-procedures.sql": edited,
    });
    const run = await checkout.run(database.url, "apply", "--json");
    expect(documentOf(run)).toMatchObject({ ok: false, exitCode: 10, error: { code, kind: "contract" }, applied: [] });
    expect(run.code).toBe(10);
    expect(await catalog()).toEqual(before);
  });

test("the same files without the breach are applied", async () => {
  checkout.write({
    "migrations/002-more.sql": "create table app.more (id bigint);",
    "migrations/900-r-procedures.sql": `${procedures}\n-- Released again.\n`,
  });
  expect(await checkout.run(database.url, "apply")).toMatchObject({ code: 0 });
});

test("a promise that somebody broke by hand is found by verify, with exit code 10", async () => {
  await database.rows("alter function app.get_word security invoker");
  const run = await checkout.run(database.url, "verify", "--json");
  expect(run.code).toBe(10);
  expect(run.stdout).toContain("MIG506");
  await database.rows("alter function app.get_word security definer");
  expect(await checkout.run(database.url, "verify")).toMatchObject({ code: 0 });
});
