import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "@jest/globals";
import { Tree } from "./fixtures/tree.ts";
import { loadMigrations } from "./load-migrations.ts";
import { newMigration } from "./new-migration.ts";

async function made(files: readonly string[], name: string, repeatable?: boolean): Promise<string> {
  using tree = new Tree({ "app/package.json": '{"name":"app"}', "app/migrations/namespaces.txt": "" });
  for (const file of files) tree.write(`app/migrations/${file}`, "select 1;");
  const path = await newMigration({ directory: tree.at("app/migrations"), name, repeatable });
  expect(readFileSync(path, "utf8")).toContain("\n-- Locks: ");
  expect((await loadMigrations(tree.at("app/migrations"))).root.files).toHaveLength(files.length + 1);
  return basename(path);
}

test("takes the next number, with the directory's padding", async () => {
  expect(await made([], "a")).toBe("001-a.sql");
  expect(await made(["9-x.sql"], "a")).toBe("10-a.sql");
  expect(await made(["0007-x.sql"], "add-v2")).toBe("0008-add-v2.sql");
  expect(await made(["999-x.sql"], "a")).toBe("1000-a.sql");
});

test("repeatable files come after what they build on, numbered ones need not come after them", async () => {
  expect(await made(["001-x.sql"], "procs", true)).toBe("900-r-procs.sql");
  expect(await made(["001-x.sql", "900-r-y.sql"], "procs", true)).toBe("901-r-procs.sql");
  expect(await made(["1200-x.sql"], "procs", true)).toBe("1201-r-procs.sql");
  expect(await made(["001-x.sql", "900-r-y.sql"], "b")).toBe("002-b.sql");
  expect(await made(["001-x.sql", "002-r-y.sql"], "b")).toBe("003-b.sql");
});

test.each(["", "A", "a b", "../x", "-a", "a/b", "a.sql.b", "é", "007-thing", "007", "a".repeat(151)])(
  "refuses the name %j and writes nothing",
  async (name) => {
    using tree = new Tree({ "m/namespaces.txt": "" });
    await expect(newMigration({ directory: tree.at("m"), name })).rejects.toMatchObject({
      code: "OPTION_INVALID",
      option: "name",
    });
    expect(readdirSync(tree.at("m"))).toEqual(["namespaces.txt"]);
  },
);

test("refuses names that would make it the other kind, unknown options and directories with bad files", async () => {
  using tree = new Tree({ "m/bad.sql": "select 1;" });
  const directory = tree.at("m");
  await expect(newMigration({ directory, name: "r-x" })).rejects.toMatchObject({ option: "name" });
  await expect(newMigration({ directory, name: "r" })).rejects.toMatchObject({ option: "name" });
  await expect(newMigration({ directory, name: "a", repeatabel: true } as never)).rejects.toMatchObject({
    option: "repeatabel",
  });
  await expect(newMigration({ directory, name: "a" })).rejects.toMatchObject({ code: "MIG201" });
  await expect(newMigration({ directory: tree.at("gone"), name: "a" })).rejects.toMatchObject({ code: "MIG106" });
});

test("a file that is there and empty still has its number", async () => {
  using tree = new Tree({ "m/001-a.sql": "" });
  expect(basename(await newMigration({ directory: tree.at("m"), name: "a" }))).toBe("002-a.sql");
});
