import { pathToFileURL } from "node:url";
import { expect, test } from "@jest/globals";
import { packageFiles, Tree } from "./fixtures/tree.ts";
import { NamespaceConflictError, NamespaceCycleError, PackageNotFoundError } from "./graph-errors.ts";
import { loadMigrations } from "./load-migrations.ts";
import { MigrateError } from "./migrate-error.ts";

const CORE = "@plinth/db-core";

async function names(tree: Tree, directory = "app/migrations"): Promise<readonly string[]> {
  return (await loadMigrations(tree.at(directory))).namespaces.map((namespace) => namespace.name);
}

async function failure(tree: Tree, directory = "app/migrations"): Promise<MigrateError> {
  const error: unknown = await loadMigrations(tree.at(directory)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof MigrateError)) throw error ?? new Error("expected a failure");
  expect(error.kind).toBe("usage");
  return error;
}

test("imported packages come first in the order of the lines, a diamond once, db-core before all", async () => {
  using tree = new Tree({
    ...packageFiles("app", "app", ["left", "right"]),
    ...packageFiles("app/node_modules/left", "left", ["base"]),
    ...packageFiles("app/node_modules/right", "right", ["base", CORE]),
    ...packageFiles("app/node_modules/base", "base", []),
  });
  expect(await names(tree)).toEqual([CORE, "base", "left", "right", "app"]);
  const { root, namespaces } = await loadMigrations(tree.at("app/migrations"));
  expect(root).toBe(namespaces.at(-1));
  expect(root.imports).toEqual(["left", "right"]);
});

test("a manifest may hold comments, empty lines, a byte order mark and any line ends", async () => {
  using tree = new Tree({
    ...packageFiles("app", "app", []),
    ...packageFiles("app/node_modules/@a/one", "@a/one", []),
    ...packageFiles("app/node_modules/two", "two", []),
  });
  tree.write("app/migrations/namespaces.txt", "\uFEFF# ours\r\n\r\n  two  # why\r@a/one\t\r\ntwo\n");
  expect(await names(tree)).toEqual([CORE, "two", "@a/one", "app"]);
  const { warnings } = await loadMigrations(tree.at("app/migrations"));
  expect(warnings).toEqual([`MIG105 ${tree.at("app/migrations/namespaces.txt")}:5 names two again (first in line 3)`]);
});

test("all lines that name no package are listed", async () => {
  using tree = new Tree(packageFiles("app", "app", ["./other", "ok/path", "a b"]));
  const error = await failure(tree);
  expect(error.code).toBe("MIG107");
  expect(error.positions.map((position) => position.line)).toEqual([1, 2, 3]);
});

test("packages are seen from the manifest's real directory, whoever linked to it and from wherever it runs", async () => {
  // As pnpm lays it out: the application sees `queue` only, and `queue` sees `store` beside its real self.
  using tree = new Tree({
    ...packageFiles("app", "app", ["queue"]),
    ...packageFiles("store/queue@1/node_modules/queue", "queue", ["kv"]),
    ...packageFiles("store/kv@1/node_modules/kv", "kv", []),
    "app/node_modules/queue": "->store/queue@1/node_modules/queue",
    "store/queue@1/node_modules/kv": "->store/kv@1/node_modules/kv",
    "elsewhere/link": "->app/migrations",
  });
  expect(await names(tree)).toEqual([CORE, "kv", "queue", "app"]);
  expect(await names(tree, "elsewhere/link")).toEqual([CORE, "kv", "queue", "app"]);
  const here = process.cwd();
  process.chdir("/");
  try {
    expect((await loadMigrations(pathToFileURL(tree.at("app/migrations")))).root.name).toBe("app");
    expect((await loadMigrations(tree.at("app/migrations").slice(1))).root.name).toBe("app");
  } finally {
    process.chdir(here);
  }
});

test("a manifest that is a link is resolved from where it really is", async () => {
  using tree = new Tree({
    ...packageFiles("shared/node_modules/queue", "queue", []),
    "shared/namespaces.txt": "queue",
    "app/package.json": '{"name":"app"}',
    "app/migrations/namespaces.txt": "->shared/namespaces.txt",
  });
  expect(await names(tree)).toEqual([CORE, "queue", "app"]);
});

test("a package that depends on another db-core is refused, though it is seen only from its real directory", async () => {
  using tree = new Tree({
    ...packageFiles("app", "app", ["queue"]),
    ...packageFiles("store/queue/node_modules/queue", "queue", [], { dependencies: { [CORE]: "1" } }),
    ...packageFiles(`store/queue/node_modules/${CORE}`, CORE, [], { version: "0.0.1" }),
    "app/node_modules/queue": "->store/queue/node_modules/queue",
  });
  expect(await failure(tree)).toMatchObject({ code: "MIG104", copies: [{}, { version: "0.0.1", importer: "queue" }] });
  // What is merely in reach, and another package's, is nobody's conflict.
  tree.write("store/queue/node_modules/queue/package.json", '{"name":"queue","migrations":"migrations"}');
  expect(await names(tree)).toEqual([CORE, "queue", "app"]);
});

test("a package whose exports hide its package.json is found by the field, and its code is not run", async () => {
  using tree = new Tree({
    ...packageFiles("app", "app", ["hidden"]),
    ...packageFiles("app/node_modules/hidden", "hidden", [], { exports: { ".": "./throws.mjs" }, type: "module" }),
    "app/node_modules/hidden/throws.mjs": "throw new Error('was run');",
  });
  expect(await names(tree)).toEqual([CORE, "hidden", "app"]);
});

test.each([
  ["a path", "export const migrations = new URL('./sql', import.meta.url).pathname;"],
  ["a file: URL", "export const migrations = new URL('./sql', import.meta.url).href;"],
  ["a URL", "export const migrations = new URL('./sql', import.meta.url);"],
])("without the field, the export migrations says where they are: %s", async (_what, source) => {
  using tree = new Tree({
    ...packageFiles("app", "app", ["pkg"]),
    "app/node_modules/pkg/package.json": JSON.stringify({
      name: "pkg",
      exports: { ".": { types: "./no.d.ts", require: "./no.cjs", import: "./main.mjs" } },
    }),
    "app/node_modules/pkg/main.mjs": source,
    "app/node_modules/pkg/sql/001-a.sql": "select 1;",
  });
  const { namespaces } = await loadMigrations(tree.at("app/migrations"));
  expect(namespaces[1]).toMatchObject({ name: "pkg", directory: tree.at("app/node_modules/pkg/sql") });
});

test("a package without migrations is refused with the line that imports it", async () => {
  using tree = new Tree({
    ...packageFiles("app", "app", ["pkg"]),
    "app/node_modules/pkg/package.json": JSON.stringify({ name: "pkg", migrations: "./gone" }),
  });
  const gone = await failure(tree);
  expect(gone).toMatchObject({
    code: "MIG103",
    positions: [{ file: tree.at("app/migrations/namespaces.txt"), line: 1 }],
  });
  expect(gone.message).toContain(tree.at("app/node_modules/pkg/gone"));

  tree.write("app/node_modules/pkg/package.json", JSON.stringify({ name: "pkg", exports: "./main.mjs" }));
  tree.write("app/node_modules/pkg/main.mjs", "throw new Error('broken');");
  expect((await failure(tree)).message).toContain("importing it failed: broken");
});

test("a missing package names its importer, the line and the directories searched", async () => {
  using tree = new Tree({
    ...packageFiles("app", "app", ["queue"]),
    ...packageFiles("app/node_modules/queue", "queue", ["# comment", "@acme/store"]),
  });
  const error = await failure(tree);
  expect(error).toBeInstanceOf(PackageNotFoundError);
  expect(error).toMatchObject({
    code: "MIG102",
    packageName: "@acme/store",
    importer: "queue",
    positions: [{ file: tree.at("app/node_modules/queue/migrations/namespaces.txt"), line: 2, text: "@acme/store" }],
  });
  expect((error as PackageNotFoundError).searched).toContain(tree.at("app/node_modules/queue/node_modules"));
  expect((error as PackageNotFoundError).searched).toContain(tree.at("app/node_modules"));
  expect(error.message).toContain(tree.at("app/node_modules"));
});

test("a cycle prints its path and the line of each manifest", async () => {
  using tree = new Tree({
    ...packageFiles("node_modules/app", "app", ["a"]),
    ...packageFiles("node_modules/a", "a", ["#", "b"]),
    ...packageFiles("node_modules/b", "b", ["c"]),
    ...packageFiles("node_modules/c", "c", ["a"]),
  });
  const error = await failure(tree, "node_modules/app/migrations");
  expect(error).toBeInstanceOf(NamespaceCycleError);
  expect(error).toMatchObject({ code: "MIG101", path: ["a", "b", "c", "a"] });
  expect(error.message.split("\n")).toEqual([
    "namespace cycle: a → b → c → a",
    `  ${tree.at("node_modules/a/migrations/namespaces.txt")}:2 imports b`,
    `  ${tree.at("node_modules/b/migrations/namespaces.txt")}:1 imports c`,
    `  ${tree.at("node_modules/c/migrations/namespaces.txt")}:1 imports a`,
  ]);
});

test("a package that imports itself is a cycle of one, also by the root", async () => {
  using tree = new Tree(packageFiles("app", "app", ["app"]));
  expect(await failure(tree)).toMatchObject({ code: "MIG101", path: ["app", "app"] });
});

test("two versions of one package are refused, with who imports which", async () => {
  using tree = new Tree({
    ...packageFiles("app", "app", ["a", "b"]),
    ...packageFiles("app/node_modules/a", "a", ["shared"]),
    ...packageFiles("app/node_modules/b", "b", ["shared"]),
    ...packageFiles("app/node_modules/shared", "shared", []),
    ...packageFiles("app/node_modules/b/node_modules/shared", "shared", [], { version: "2.0.0" }),
  });
  const error = await failure(tree);
  expect(error).toBeInstanceOf(NamespaceConflictError);
  expect(error).toMatchObject({
    code: "MIG104",
    packageName: "shared",
    copies: [
      { version: "1.0.0", importer: "a" },
      { version: "2.0.0", importer: "b" },
    ],
  });

  // The same release twice, as package managers make it for different peers, is one namespace, and said.
  tree.write(
    "app/node_modules/b/node_modules/shared/package.json",
    JSON.stringify({ version: "1.0.0", name: "shared", migrations: "migrations" }),
  );
  const { warnings } = await loadMigrations(tree.at("app/migrations"));
  expect(warnings).toHaveLength(1);
  tree.write("app/node_modules/b/node_modules/shared/migrations/001-a.sql", "select 'edited';");
  expect(await failure(tree)).toMatchObject({ code: "MIG104" });
});

test("another db-core than the migrator's own is refused, the same by a link is not", async () => {
  const own = (await loadMigrations(pathToFileURL(`${process.cwd()}/../db-core/migrations`))).root.directory;
  using tree = new Tree({
    ...packageFiles("app", "app", []),
    ...packageFiles("app/node_modules/@plinth/db-core", CORE, [], { version: "0.0.1" }),
  });
  const error = await failure(tree);
  expect(error).toMatchObject({ code: "MIG104", packageName: CORE });
  expect(error.message).toContain(own);

  using linked = new Tree(packageFiles("app", "app", [CORE]));
  const { symlinkSync, mkdirSync } = await import("node:fs");
  mkdirSync(linked.at("app/node_modules/@plinth"), { recursive: true });
  symlinkSync(`${own}/..`, linked.at("app/node_modules/@plinth/db-core"));
  const { namespaces, root } = await loadMigrations(linked.at("app/migrations"));
  expect(namespaces.map((each) => each.directory)).toEqual([own, linked.at("app/migrations")]);
  expect(root.imports).toEqual([]);
});

test("a chain of 500 packages is resolved from its far end", async () => {
  const files: Record<string, string> = packageFiles("app", "app", ["p0"]);
  for (let depth = 0; depth < 500; depth++)
    Object.assign(
      files,
      packageFiles(`app/node_modules/p${depth}`, `p${depth}`, depth === 499 ? [] : [`p${depth + 1}`]),
    );
  using tree = new Tree(files);
  const order = await names(tree);
  expect(order).toHaveLength(502);
  expect(order.slice(0, 3)).toEqual([CORE, "p499", "p498"]);
});

test("a directory that is no migrations directory is refused with a hint", async () => {
  using tree = new Tree({
    ...packageFiles("app", "app", []),
    "nameless/package.json": "{}",
    "nameless/001-a.sql": "select 1;",
  });
  expect(await failure(tree, "gone")).toMatchObject({ code: "MIG106" });
  expect(await failure(tree, "app")).toMatchObject({
    code: "MIG106",
    hint: `did you mean ${tree.at("app/migrations")}?`,
  });
  expect(await failure(tree, "nameless")).toMatchObject({ code: "MIG106" });
  tree.write("app/package.json", "{");
  expect(await failure(tree)).toMatchObject({ code: "MIG108" });
});
