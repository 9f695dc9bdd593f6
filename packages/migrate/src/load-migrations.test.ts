import { createHash } from "node:crypto";
import { expect, test } from "@jest/globals";
import { FileChangedError, InvalidFilesError } from "./file-errors.ts";
import { packageFiles, Tree } from "./fixtures/tree.ts";
import { loadMigrations } from "./load-migrations.ts";
import type { MigrationFile, Namespace } from "./migrations.ts";
import { readMigration } from "./read-migration.ts";

function appTree(files: Readonly<Record<string, string | Buffer>>): Tree {
  const tree = new Tree({
    "app/package.json": JSON.stringify({ name: "app" }),
    "app/migrations/namespaces.txt": "",
  });
  for (const [name, content] of Object.entries(files)) tree.write(`app/migrations/${name}`, content);
  return tree;
}

async function root(tree: Tree): Promise<Namespace> {
  return (await loadMigrations(tree.at("app/migrations"))).root;
}

async function only(tree: Tree): Promise<MigrationFile> {
  const [file] = (await root(tree)).files;
  if (file === undefined) throw new Error("expected a file");
  return file;
}

async function problems(tree: Tree): Promise<readonly string[]> {
  const error: unknown = await root(tree).catch((thrown: unknown) => thrown);
  if (!(error instanceof InvalidFilesError)) throw error;
  expect(error.kind).toBe("usage");
  return error.problems.map((problem) => `${problem.code} ${problem.position.file.split("/").at(-1)}`);
}

test("files run by number, whatever its padding, numbered and repeatable alike", async () => {
  using tree = appTree({
    "100-z.sql": "select 1;",
    "010-b2.sql": "select 1;",
    "9-c.d_e.sql": "select 1;",
    "0011-r-procs.sql": "select 1;",
    "000999999999-last.sql": "select 1;",
    "0-first.sql": "select 1;",
  });
  const { files } = await root(tree);
  expect(files.map((file) => [file.number, file.repeatable, file.name])).toEqual([
    [0, false, "first"],
    [9, false, "c.d_e"],
    [10, false, "b2"],
    [11, true, "procs"],
    [100, false, "z"],
    [999_999_999, false, "last"],
  ]);
  expect(files[1]).toMatchObject({
    namespace: "app",
    fileName: "9-c.d_e.sql",
    path: tree.at("app/migrations/9-c.d_e.sql"),
  });
});

test("other files and dot files are nobody's business, other tools' migrations are pointed out", async () => {
  using tree = appTree({
    "001-a.sql": "select 1;",
    "001-a.sql.bak": "x",
    ".002-b.sql": "x",
    "README.md": "x",
    "002-b.ts": "x",
    "config.js": "x",
  });
  const migrations = await loadMigrations(tree.at("app/migrations"));
  expect(migrations.root.files.map((file) => file.fileName)).toEqual(["001-a.sql"]);
  expect(migrations.warnings).toEqual([`${tree.at("app/migrations/002-b.ts")} is not run: migrations are SQL files`]);
});

test("everything that is wrong in all namespaces is listed in one error", async () => {
  using tree = appTree({
    "001-a.sql": "select 1;",
    "01-b.sql": "select 1;",
    "003-x.sql": "select 1;",
    "003-r-x.sql": "select 1;",
    "x-001-foo.sql": "select 1;",
    "004-foo.sql.bak.sql": "select 1;",
    "005-Upper.sql": "select 1;",
    "006-r.sql": "select 1;",
    "007_under.sql": "select 1;",
    "008-c.SQL": "select 1;",
    "1000000000-big.sql": "select 1;",
    "010-empty.sql": "",
    "011-blank.sql": " \r\n\t\n",
    "012-bom.sql": "\uFEFF",
    "013-nul.sql": "select '\0';",
    "014-latin1.sql": Buffer.from("select 1;\nselect 'é';", "latin1"),
    "015-utf16.sql": Buffer.from("\uFEFFselect 1;", "utf16le"),
    "016-directory.sql/x": "",
    "017-link.sql": "->nowhere",
  });
  tree.write("app/migrations/namespaces.txt", "other");
  for (const [name, content] of Object.entries(packageFiles("app/node_modules/other", "other", [])))
    tree.write(name, content);
  tree.write("app/node_modules/other/migrations/bad.sql", "select 1;");
  expect(await problems(tree)).toEqual([
    "MIG201 bad.sql",
    "MIG202 003-x.sql",
    "MIG201 004-foo.sql.bak.sql",
    "MIG201 005-Upper.sql",
    "MIG201 006-r.sql",
    "MIG201 007_under.sql",
    "MIG201 008-c.SQL",
    "MIG202 01-b.sql",
    "MIG206 010-empty.sql",
    "MIG206 011-blank.sql",
    "MIG206 012-bom.sql",
    "MIG203 013-nul.sql",
    "MIG203 014-latin1.sql",
    "MIG203 015-utf16.sql",
    "MIG209 016-directory.sql",
    "MIG209 017-link.sql",
    "MIG207 1000000000-big.sql",
    "MIG201 x-001-foo.sql",
  ]);
});

test("the hash is of the text without byte order mark and with plain line ends", async () => {
  const text = "select 'é';\n\n-- end\n\n";
  const hash = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  for (const variant of [text, `\uFEFF${text}`, text.replaceAll("\n", "\r\n"), text.replaceAll("\n", "\r")]) {
    using tree = appTree({ "001-a.sql": variant });
    const file = await only(tree);
    expect(file.hash).toBe(hash);
    expect(file.sizeBytes).toBe(Buffer.byteLength(text));
    expect(await readMigration(file)).toBe(text);
  }
  using other = appTree({ "001-a.sql": `${text} ` });
  expect((await only(other)).hash).not.toBe(hash);
});

test("a file that is edited or removed after it was loaded is not read", async () => {
  using tree = appTree({ "001-a.sql": "select 1;" });
  const file = await only(tree);
  tree.write("app/migrations/001-a.sql", "select 2;");
  await expect(readMigration(file)).rejects.toBeInstanceOf(FileChangedError);
  await expect(readMigration({ ...file, path: tree.at("gone.sql") })).rejects.toMatchObject({ code: "MIG208" });
});

test.each([
  [false, "-- disable auto transaction\nselect 1;"],
  [false, "select 1; --   disable auto transaction  \r\nselect 2;"],
  [false, "/* a comment */\n\n--disable auto transaction\nselect 1;"],
  [true, "select '\n-- disable auto transaction\n';"],
  [true, "do $$\n-- disable auto transaction\nbegin end $$;"],
  [true, "/*\n-- disable auto transaction\n*/ select 1;"],
  [true, "create function f() returns int begin atomic\n-- disable auto transaction\nselect 1; end;"],
  [true, "create table t (\n-- disable auto transaction\na int);"],
  [true, "-- disable auto transactions\nselect 1;"],
  [true, "select 1;"],
])("transactional is %s for %j", async (transactional, text) => {
  using tree = appTree({ "001-a.sql": text });
  expect((await only(tree)).transactional).toBe(transactional);
});
