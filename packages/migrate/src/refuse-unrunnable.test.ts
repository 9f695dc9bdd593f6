import { expect, test } from "@jest/globals";
import type { MigrationFile } from "./migrations.ts";
import { refuseUnrunnable, unrunnable } from "./refuse-unrunnable.ts";

const FILE: MigrationFile = {
  namespace: "app",
  number: 1,
  name: "a",
  repeatable: false,
  fileName: "001-a.sql",
  path: "/app/migrations/001-a.sql",
  hash: "sha256:0",
  sizeBytes: 1,
  transactional: true,
};

function codes(text: string): readonly string[] {
  return unrunnable(FILE, text).map((problem) => `${problem.code}:${problem.position.line}`);
}

test.each([
  "begin",
  "START TRANSACTION isolation level serializable",
  "commit",
  "commit prepared 'x'",
  "rollback to savepoint a",
  "abort",
  "end",
  "savepoint a",
  "release a",
  "prepare transaction 'x'",
])("transaction control is refused: %s", (statement) => {
  expect(codes(`select 1;\n/* c */ ${statement};`)).toEqual(["MIG205:2"]);
  expect(codes(`select 1;\n${statement}`)).toEqual(["MIG205:2"]);
});

test.each([
  "create function f() returns int language sql begin atomic select 1; end",
  "create function f() returns void language plpgsql as $$ begin commit; end $$",
  "do 'begin commit; end'",
  "create rule r as on insert to t do also (select 1; select 2)",
  "prepare transaction as select 'x'",
  "select 1 as commit -- commit;\n",
  "/* ; commit; */ select ';commit;'",
  "start_things()",
])("what only looks like transaction control is not: %s", (statement) => {
  expect(codes(`${statement};`)).toEqual([]);
});

test("commands of psql's are refused with their line, and what follows is not read", () => {
  expect(codes("select 1;\n\\set x 1\ncommit;")).toEqual(["MIG204:2"]);
  expect(codes("\\restrict abc")).toEqual(["MIG204:1"]);
  expect(codes("select 'a\\b', E'\\'' -- \\d\n, $$ \\x $$")).toEqual([]);
});

test("copy from stdin is refused, its data is not read, and other copies may run", () => {
  expect(codes("select 1;\nCOPY s.t (a, b) FROM stdin;\n1\t\\N\ncommit;\n\\.\n")).toEqual(["MIG204:2"]);
  expect(codes("copy t from stdin with (format csv);")).toEqual(["MIG204:1"]);
  expect(codes("copy t from '/tmp/stdin'; copy (select 1 from stdin) to '/tmp/x';")).toEqual([]);
});

test("the error lists every problem with line and column", () => {
  expect(() => refuseUnrunnable(FILE, "begin;\nselect '😀'; commit;")).toThrow(
    expect.objectContaining({
      code: "MIG205",
      kind: "usage",
      positions: [
        { file: FILE.path, line: 1, column: 1, text: "begin;" },
        { file: FILE.path, line: 2, column: 13, text: "select '😀'; commit;" },
      ],
    }),
  );
});
