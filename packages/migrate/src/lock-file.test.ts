import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import type { LockedProcedure } from "./call-compatible.ts";
import { Tree } from "./fixtures/tree.ts";
import { type LintFinding, lint } from "./lint.ts";
import { loadMigrations } from "./load-migrations.ts";
import { mergeLock, PromiseBrokenError } from "./lock-check.ts";
import { InvalidLockFileError, lockPathOf, parseLock, readLock, renderLock, writeLock } from "./lock-file.ts";
import type { Namespace } from "./migrations.ts";

const GET: LockedProcedure = {
  schema: "s",
  name: "get",
  mode: "read",
  returns: "maybe",
  since: 1,
  args: [{ name: "id_in", type: "bigint", hasDefault: false }],
  columns: [{ name: "at", type: "timestamp with time zone" }],
};
const ADD: LockedProcedure = {
  ...GET,
  name: "add",
  mode: "write",
  since: 2,
  columns: [{ name: "id", type: "bigint" }],
};

const GET_SQL = `-- @proc mode=read returns=maybe since=1
create or replace function s.get(id_in int8) returns table (at timestamptz) language sql stable security definer begin atomic end;
`;
const ADD_SQL = `-- @proc mode=write returns=maybe since=2
create or replace function s.add(id_in int8) returns table (id int8) language sql security definer begin atomic end;
`;

function released(sql = GET_SQL): Tree {
  return new Tree({
    "app/package.json": '{"name":"app"}',
    "app/migrations/001-a.sql": "-- nothing",
    "app/migrations/900-r-p.sql": sql,
  });
}

async function namespaceIn(tree: Tree): Promise<Namespace> {
  return (await loadMigrations(tree.at("app/migrations"))).root;
}

async function lintIn(tree: Tree): Promise<readonly LintFinding[]> {
  return await lint(await loadMigrations(tree.at("app/migrations")));
}

async function rules(tree: Tree): Promise<readonly string[]> {
  return (await lintIn(tree)).map(
    ({ rule, position }) => `${rule} ${position.file.split("/").at(-1)}:${position.line}`,
  );
}

test("a lock is written the same whatever the order, and read as it was written", async () => {
  using tree = released();
  const namespace = await namespaceIn(tree);
  const path = lockPathOf(namespace);
  expect(path).toBe(tree.at("app/procedures.lock.json"));
  expect(readLock(path)).toBeUndefined();

  tree.write("app/migrations/002-b.sql", "-- nothing");
  const lock = mergeLock(undefined, await namespaceIn(tree), [GET, ADD]);
  writeLock(path, lock);
  const bytes = readFileSync(path, "utf8");
  writeLock(path, { ...lock, procedures: [ADD, GET] });
  expect(readFileSync(path, "utf8")).toBe(bytes);
  expect(renderLock(readLock(path) ?? lock)).toBe(bytes);
  expect(readLock(path)).toMatchObject({
    namespace: "app",
    version: 2,
    files: [{ file: "900-r-p.sql", hash: namespace.files.at(-1)?.hash, number: 2 }],
    procedures: [{ name: "add" }, { name: "get" }],
  });
});

test.each([
  ["not JSON", "{"],
  ["a list", "[]"],
  ["of another format", '{"format":2}'],
  ["without a version", '{"format":1,"namespace":"a"}'],
  ["with a bad file", '{"format":1,"namespace":"a","version":1,"files":[{"file":"x","hash":"y"}],"procedures":[]}'],
  ["with a bad procedure", '{"format":1,"namespace":"a","version":1,"files":[],"procedures":[{"schema":"s"}]}'],
  [
    "with a bad argument",
    JSON.stringify({ format: 1, namespace: "a", version: 1, files: [], procedures: [{ ...GET, args: [{ name: 1 }] }] }),
  ],
])("a lock file %s is refused", (_what, source) => {
  expect(() => parseLock("/x", source)).toThrow(InvalidLockFileError);
});

test("a release takes no promise back, and announces what is new by a number", async () => {
  using tree = released();
  const before = mergeLock(undefined, await namespaceIn(tree), [GET]);
  const merge = async (procedures: readonly LockedProcedure[]) =>
    mergeLock(before, await namespaceIn(tree), procedures);
  await expect(merge([])).rejects.toThrow(PromiseBrokenError);
  await expect(merge([{ ...GET, args: [] }])).rejects.toThrow("argument 1, id_in bigint, is gone");
  await expect(merge([{ ...GET, columns: [...GET.columns, { name: "x", type: "text" }] }])).rejects.toThrow(
    "numbered file above 1",
  );
  await expect(merge([GET, { ...ADD, since: 1 }])).rejects.toThrow("was released without it");
  await expect(merge([GET, ADD])).rejects.toThrow("the highest number is 1");
  expect(renderLock(await merge([GET]))).toBe(renderLock(before));

  tree.write("app/migrations/002-b.sql", "-- nothing");
  const after = await merge([{ ...GET, columns: [...GET.columns, { name: "x", type: "text" }] }, ADD]);
  expect(after.version).toBe(2);
  // The file itself did not change: its number stays that of the release that last changed it.
  expect(after.files).toEqual(before.files);
});

test("MIG412: a repeatable file changes only with a new number, which may be a comment", async () => {
  using tree = released();
  const namespace = await namespaceIn(tree);
  writeLock(lockPathOf(namespace), mergeLock(undefined, namespace, [GET]));
  expect(await rules(tree)).toEqual([]);

  tree.write("app/migrations/900-r-p.sql", `${GET_SQL}-- changed\n`);
  const [finding] = await lintIn(tree);
  expect(finding).toMatchObject({ rule: "MIG412", severity: "error" });
  expect(finding?.message).toContain("add a numbered file above 1 (it may hold only a comment)");
  tree.write("app/migrations/002-changed.sql", "-- 900-r-p.sql changed");
  expect(await rules(tree)).toEqual([]);

  // At the next release the number is taken in, and the next change needs another.
  const next = await namespaceIn(tree);
  writeLock(lockPathOf(next), mergeLock(readLock(lockPathOf(next)), next, [GET]));
  tree.write("app/migrations/900-r-p.sql", GET_SQL);
  expect(await rules(tree)).toEqual(["MIG412 900-r-p.sql:1"]);
});

test("MIG413, MIG414, MIG415: broken promises are found without a database, aliases of types are no change", async () => {
  using tree = released();
  const namespace = await namespaceIn(tree);
  writeLock(lockPathOf(namespace), mergeLock(undefined, namespace, [GET]));
  tree.write("app/migrations/002-b.sql", "-- nothing");

  tree.write("app/migrations/900-r-p.sql", ADD_SQL);
  expect(await rules(tree)).toEqual(["MIG413 procedures.lock.json:1"]);
  tree.write("app/migrations/900-r-p.sql", `${GET_SQL}drop function if exists s.get(int8);`);
  expect(await rules(tree)).toEqual(["MIG413 procedures.lock.json:1"]);
  tree.write(
    "app/migrations/900-r-p.sql",
    ADD_SQL + GET_SQL.replace("int8", "bigint").replace("timestamptz", "timestamp with time zone"),
  );
  expect(await rules(tree)).toEqual([]);
  tree.write("app/migrations/900-r-p.sql", ADD_SQL + GET_SQL.replace("int8", "int4").replace("timestamptz", "date"));
  expect(await rules(tree)).toEqual(["MIG414 900-r-p.sql:4", "MIG414 900-r-p.sql:4"]);
  tree.write("app/migrations/900-r-p.sql", GET_SQL + ADD_SQL.replace("since=2", "since=3"));
  expect(await rules(tree)).toEqual(["MIG415 900-r-p.sql:4"]);
  tree.write("app/migrations/900-r-p.sql", GET_SQL + ADD_SQL.replace("since=2", "since=1"));
  expect(await rules(tree)).toEqual(["MIG415 900-r-p.sql:4"]);
});

const WIDER = GET_SQL.replace("returns table (at timestamptz)", "returns table (at timestamptz, name text)");
const DROP = "drop function if exists s.get(bigint);\n";

test.each([
  ["a result column", WIDER],
  ["an argument", GET_SQL.replace("id_in int8", "id_in int8, more int default 0")],
])("MIG418: %s more needs a drop of the released function, whose text is given", async (_what, sql) => {
  using tree = released();
  const namespace = await namespaceIn(tree);
  writeLock(lockPathOf(namespace), mergeLock(undefined, namespace, [GET]));
  tree.write("app/migrations/002-b.sql", "-- nothing");
  tree.write("app/migrations/900-r-p.sql", sql);

  const [finding, ...others] = await lintIn(tree);
  expect([finding?.rule, others]).toEqual(["MIG418", []]);
  expect(finding?.hint).toContain(`put \`${DROP.trim()}\` above its @proc line`);
  for (const dropped of [DROP + sql, sql.replace("\ncreate", `\n${DROP}create`), DROP.replace("(bigint)", "") + sql]) {
    tree.write("app/migrations/900-r-p.sql", dropped);
    expect(await rules(tree)).toEqual([]);
  }
  for (const wrong of [DROP.replace("bigint", "text") + sql, `${sql}${DROP.replace("s.get", "s.other")}`]) {
    tree.write("app/migrations/900-r-p.sql", wrong);
    expect((await lintIn(tree)).map(({ rule }) => rule)).toContain("MIG418");
  }
  tree.write("app/migrations/900-r-p.sql", sql);
  tree.write("app/migrations/002-b.sql", DROP);
  expect(await rules(tree)).toEqual([]);
});

test("a released procedure that grew is told to keep its since, a new one to take the number", async () => {
  using tree = released();
  const namespace = await namespaceIn(tree);
  writeLock(lockPathOf(namespace), mergeLock(undefined, namespace, [GET]));
  const hintFor = async (sql: string) => {
    tree.write("app/migrations/900-r-p.sql", sql);
    return (await lintIn(tree)).find(({ rule }) => rule === "MIG415")?.hint;
  };
  expect(await hintFor(DROP + WIDER)).toContain("since= stays as it is");
  expect(await hintFor(GET_SQL + ADD_SQL.replace("since=2", "since=1"))).toContain("name its number in since=");
});
