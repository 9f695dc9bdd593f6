import { expect, test } from "@jest/globals";
import { packageFiles, Tree } from "./fixtures/tree.ts";
import { loadMigrations } from "./load-migrations.ts";
import { renderGraph } from "./render-graph.ts";

test("shows who imports whom, in which order they run, and each once", async () => {
  using tree = new Tree({
    ...packageFiles("app", "app", ["left", "right"]),
    ...packageFiles("app/node_modules/left", "left", ["base"]),
    ...packageFiles("app/node_modules/right", "right", ["base"]),
    ...packageFiles("app/node_modules/base", "base", []),
    "app/migrations/900-r-p.sql": "select 1;",
  });
  const rendered = renderGraph(await loadMigrations(tree.at("app/migrations")));
  expect(rendered.replace(/db-core {2}.*/, "db-core")).toBe(`5  app  2 files, version 1
├─ 3  left  1 file, version 1
│  └─ 2  base  1 file, version 1
├─ 4  right  1 file, version 1
│  └─ 2  base  (see above)
└─ 1  @plinth/db-core
`);
});
