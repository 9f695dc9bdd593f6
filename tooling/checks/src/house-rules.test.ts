import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { brokenHouseRules } from "./house-rules.ts";
import { root, workspaceSources } from "./sources.ts";

test("every file keeps the rules of the house", () => {
  expect(brokenHouseRules(workspaceSources())).toEqual([]);
});

test.each([
  ["packages/kv/src/utils.ts", ""],
  ["packages/kv/src/index.ts", 'export * from "./kv.ts";'],
  ["packages/kv/src/a.ts", 'import { x } from "./b";'],
  ["packages/kv/src/a.test.ts", "test.only("],
  ["packages/kv/src/a.ts", "x\n".repeat(301)],
])("%s is refused", (path, text) => {
  expect(brokenHouseRules([{ path, text }])).toHaveLength(1);
});

const published = ["packages", "apps"]
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
  .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) }))
  .filter(({ manifest }) => manifest.private !== true);

test.each(published)("$folder has every room of a published package", ({ folder, manifest }) => {
  const door = folder.startsWith("packages/") ? ["src/index.ts"] : [];
  expect(["README.md", "LICENSE", ...door].filter((file) => !existsSync(join(root, folder, file)))).toEqual([]);
  expect(manifest).toMatchObject({ license: "MIT", type: "module", engines: { node: ">=20.19" }, sideEffects: false });
  expect(manifest.files).toContain("dist");
});
