import { beforeAll, expect, test } from "@jest/globals";
import { loadModule, parseSync } from "libpg-query";
import { scanStatements } from "./sql-statements.ts";

beforeAll(() => loadModule());

const STATEMENTS = [
  "select 1",
  "select ';' as \"end\", $$;$$ /* ; */ -- ;\n, 2",
  "create rule r as on insert to t do also (insert into a values (1); insert into b values (2))",
  "create or replace function s.f() returns int language sql begin atomic select 1; select case when true then 2 else 3 end; end",
  "create function s.g() returns setof t language sql begin atomic select t.end, case x when 1 then (case when true then 2 end) end as end from t; end",
  "create procedure s.p() language sql begin atomic insert into t values (1); end",
  "create function atomic(begin int) returns int language sql as 'select 1; select 2'",
  "create or replace function s.h() returns void language plpgsql as $f$ begin perform 1; end; $f$",
  "do $$ begin null; end $$",
  "begin",
  "commit",
  "create table t (\"begin\" int, b text default ';')",
  "create view v as select case when a then 1 end from t",
];

test("splits where Postgres does, function bodies and rules included", () => {
  for (let first = 0; first < STATEMENTS.length; first++) {
    for (let second = 0; second < STATEMENTS.length; second++) {
      const text = `-- é;\n${STATEMENTS[first]} ;; /* ; */\n ${STATEMENTS[second]};\n-- end`;
      expect(split(text)).toEqual(splitByPostgres(text));
    }
  }
});

test("tells a comment between statements from one inside", () => {
  const seen: string[] = [];
  const text =
    "-- a\nselect 1 -- b\n; -- c\ncreate function f() returns int begin atomic\n-- d\nselect 1;\n-- e\nend; /* f */";
  scanStatements(text, {
    comment: (_kind, start, end, inside) => seen.push(`${text.slice(start, end)} ${inside?.words[0] ?? "between"}`),
  });
  expect(seen).toEqual([
    "-- a between",
    "-- b select",
    "-- c between",
    "-- d create",
    "-- e create",
    "/* f */ between",
  ]);
});

function split(text: string): readonly string[] {
  const statements: string[] = [];
  scanStatements(text, { statement: (statement, end) => statements.push(text.slice(statement.start, end)) });
  return statements;
}

function splitByPostgres(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const stmts: readonly { stmt_location?: number; stmt_len?: number }[] = parseSync(text).stmts ?? [];
  return stmts.map(({ stmt_location: at = 0, stmt_len: length = bytes.length - at }) =>
    bytes
      .subarray(at, at + length)
      .toString()
      .replace(/^(?:\s|--[^\n]*\n|\/\*[^*]*\*\/)*/, "")
      .trimEnd(),
  );
}
