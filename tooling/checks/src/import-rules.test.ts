import { expect, test } from "@jest/globals";
import { forbiddenImports } from "./import-rules.ts";
import { workspaceSources } from "./sources.ts";

const source = (path: string, text: string) => [{ path, text }];

test("nothing in the workspace imports what the architecture forbids", () => {
  const sources = workspaceSources();
  expect(sources.length).toBeGreaterThan(10);
  expect(forbiddenImports(sources)).toEqual([]);
});

test.each([
  ["packages/db-core/src/a.ts", 'import { x } from "@plinth/migrate";'],
  ["packages/db-core/src/a.ts", 'import { x } from "@plinth/testing";'],
  ["packages/kv/src/a.ts", 'import type { x } from "@plinth/queue/structure";'],
  ["packages/kv/src/a.ts", 'const x = await import("@plinth/files");'],
  ["packages/testing/src/a.ts", 'export { x } from "@plinth/db-core";'],
  ["packages/media/src/a.ts", 'import { x } from "@plinth/session";'],
  ["packages/kv/src/a.test.ts", 'import { x } from "@plinth/queue";'],
  ["packages/kv/src/a.test.ts", 'import { x } from "@plinth/migrate";'],
  ["packages/kv/src/a.ts", 'import { x } from "@plinth/migrate/testing";'],
])("refuses in %s: %s", (path, text) => {
  expect(forbiddenImports(source(path, text))).toHaveLength(1);
});

test.each([
  ["packages/kv/src/a.ts", 'import { x } from "@plinth/db-core";'],
  ["packages/kv/src/a.test.ts", 'import { x } from "@plinth/testing";'],
  ["packages/kv/src/a.test.ts", 'import { x } from "@plinth/migrate/testing";'],
  ["packages/kv/src/a.ts", 'import { x } from "@plinth/db-core/errors";'],
  ["packages/media/src/a.ts", 'import { x } from "@plinth/files";'],
  ["packages/migrate/src/testing.ts", 'import { x } from "@plinth/testing";'],
  ["apps/gallery/src/a.ts", 'import { x } from "@plinth/media";'],
])("allows in %s: %s", (path, text) => {
  expect(forbiddenImports(source(path, text))).toEqual([]);
});
