import { expect, test } from "@jest/globals";
import { findAnnotations, readAnnotations } from "./annotations.ts";
import { InvalidFilesError } from "./file-errors.ts";
import type { MigrationFile } from "./migrations.ts";

const FILE: MigrationFile = {
  namespace: "app",
  number: 900,
  name: "p",
  repeatable: true,
  fileName: "900-r-p.sql",
  path: "/app/migrations/900-r-p.sql",
  hash: "sha256:0",
  sizeBytes: 1,
  transactional: true,
};

const FUNCTION =
  "create or replace function s.get(id_in bigint) returns bigint language sql begin atomic select 1; end;\n";

function problems(text: string, file: MigrationFile = FILE): readonly string[] {
  return findAnnotations(file, text).problems.map(({ position, message }) => `${position.line} ${message}`);
}

test("reads the line, the values and the description above a function, and leaves other functions alone", () => {
  const text = `-- What this file is about.

-- @proc service=gallery mode=write returns=many since=3 deprecated=007 waits
-- Gets it, "as it is".
--
-- Takes no lock.
-- @column body json:Note nullable
-- @column "At" nullable
-- @param id_in json
${FUNCTION}
-- internal
create function s.internal() returns void language plpgsql as $$
-- @proc mode=read
begin end $$;
`;
  expect(readAnnotations(FILE, text)).toEqual([
    {
      schema: "s",
      name: "get",
      service: "gallery",
      mode: "write",
      returns: "many",
      since: 3,
      deprecated: 7,
      waits: true,
      doc: 'Gets it, "as it is".\n\nTakes no lock.',
      columns: new Map([
        ["body", { nullable: true, json: "Note" }],
        ["At", { nullable: true, json: undefined }],
      ]),
      params: new Map([["id_in", { nullable: false, json: true }]]),
      position: {
        file: FILE.path,
        line: 3,
        column: 1,
        text: "-- @proc service=gallery mode=write returns=many since=3 deprecated=007 waits",
      },
    },
  ]);
});

test("names are folded as Postgres folds them, and may be quoted and commented", () => {
  const head = "-- @proc mode=read returns=void since=0\n";
  const names = (sql: string) => readAnnotations(FILE, head + sql).map(({ schema, name }) => [schema, name]);
  expect(names("CREATE OR REPLACE FUNCTION App . /* c */ Get_It () returns void as '' language sql;")).toEqual([
    ["app", "get_it"],
  ]);
  expect(names('create function "A b"."C""d"(x int) returns void as \'\' language sql;')).toEqual([["A b", 'C"d']]);
});

test.each([
  ["mode=read returns=maybe", "@proc needs since="],
  ["returns=maybe since=1", "@proc needs mode="],
  ["mode=read since=1", "@proc needs returns="],
  ["mode=reads returns=one since=1", "expected mode= with read or write"],
  ["mode=read returns=rows since=1", "expected returns= with void"],
  ["mode=read returns=one since=x", "expected since= with the number"],
  ["mode=read returns=one since=3 deprecated=2", "deprecated=2 is before since=3"],
  ["mode=read mode=read returns=one since=1", "@proc says mode twice"],
  [
    "mode=read returns=one since=1 wait",
    '@proc has service=, mode=, returns=, since=, deprecated= and waits, found "wait"',
  ],
  ["mode=read returns=one since=1 constructor=1", "@proc has service="],
  ["service=A mode=write returns=one since=1", "expected service= with"],
])("a bad line is refused: %s", (line, expected) => {
  const found = problems(`\n-- @proc ${line}\n${FUNCTION}`);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(`2 ${expected}`);
});

test("what stands in the wrong place or is misspelt is refused, all of a file at once", () => {
  const good = "-- @proc mode=read returns=one since=1\n";
  expect(problems(`${good}select 1;`)[0]).toContain("expected `create or replace function");
  expect(problems(`${good}drop function if exists s.get(bigint);\nselect 1;`)).toHaveLength(1);
  expect(problems(`${good}drop function if exists s.get(bigint);`)).toHaveLength(1);
  expect(problems(`${FUNCTION}${good}`)[0]).toContain("2 expected `create or replace function");
  expect(problems(`${good}create procedure s.p() language sql as '';`)).toHaveLength(1);
  expect(problems(`${good}create function get() returns int language sql as '';`)[0]).toContain(
    "expected the schema before the name",
  );
  expect(problems(`${good}${good}${FUNCTION}`)[0]).toContain("2 a function has one @proc line");
  expect(problems(`-- @procedure mode=read\n${FUNCTION}`)[0]).toContain("expected a line -- @proc above");
  expect(problems(`${good}-- @returns one\n${FUNCTION}`)[0]).toContain("2 expected @proc, @column or @param");
  expect(problems(`-- @column a json\n${FUNCTION}`)[0]).toContain("expected a line -- @proc");
  expect(problems(`${good}-- @column a jason\n-- @column a\n-- @param\n${FUNCTION}`)).toHaveLength(3);
  expect(problems(good + FUNCTION + good + FUNCTION)[0]).toContain("3 s.get is promised in line 1 already");
  expect(problems(good + FUNCTION, { ...FILE, repeatable: false })[0]).toContain("in repeatable files");

  expect(() => readAnnotations(FILE, `${good}select 1;\n${good}select 2;`)).toThrow(InvalidFilesError);
  expect(problems(`${good}select 1;\n${good}select 2;`).map((each) => each[0])).toEqual(["1", "3"]);
});

test("annotations in strings, bodies and block comments are none", () => {
  expect(findAnnotations(FILE, `/*\n-- @proc mode\n*/ select '\n-- @proc x\n', $$ -- @proc $$;\n${FUNCTION}`)).toEqual({
    annotations: [],
    problems: [],
  });
  const body = "create function s.f() returns int language sql begin atomic\n-- @proc mode\nselect 1;\nend;\n";
  expect(findAnnotations(FILE, body + FUNCTION)).toEqual({ annotations: [], problems: [] });
});

test("the drop of the function that was there may stand between annotation and function", () => {
  const text = `-- @proc mode=read returns=one since=1\n-- Gets it.\ndrop function if exists s.get(int);\n-- @param id_in json\n${FUNCTION}`;
  expect(findAnnotations(FILE, text)).toMatchObject({ problems: [], annotations: [{ name: "get", doc: "Gets it." }] });
});

test("an annotation in a block comment is refused, and not passed over", () => {
  for (const comment of [
    "/* @proc mode=read returns=one since=1 */",
    "/**\n * @proc mode=read returns=one since=1\n */",
  ])
    expect(problems(`${comment}\n${FUNCTION}`)).toEqual([expect.stringMatching(/^1 annotations are line comments/)]);
  expect(problems(`/* see @proc in the README */\n${FUNCTION}`)).toEqual([]);
  expect(problems(`select '/* @proc */';\n${FUNCTION}`)).toEqual([]);
});
