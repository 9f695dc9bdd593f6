import { expect, test } from "@jest/globals";
import { workspaceSources } from "./sources.ts";
import { sqlOutsideMigrations } from "./sql-rule.ts";

const at = (text: string, path = "packages/kv/src/a.ts") => sqlOutsideMigrations([{ path, text }]);

test("no SQL on a package's tables stands outside its migrations", () => {
  expect(sqlOutsideMigrations(workspaceSources())).toEqual([]);
});

test.each([
  "const sql = `select value from plinth_kv.entry where key = $1`;",
  "  from plinth_kv.entry e",
  "insert into plinth_kv.entry values ($1)",
  'UPDATE "plinth_kv"."entry" set x = 1',
  "delete from only plinth_kv.entry",
  "truncate plinth_kv.entry",
])("refuses %s", (text) => {
  expect(at(text)).toHaveLength(1);
});

test.each([
  "select value from plinth_kv.get_entry(key_in => $1)",
  "  // reads from plinth_kv.entry",
  "select plinth_kv.set_entry($1)",
])("allows %s", (text) => {
  expect(at(text)).toEqual([]);
});

test("a test may look into the tables", () => {
  expect(at("select * from plinth_kv.entry", "packages/kv/src/a.test.ts")).toEqual([]);
});
