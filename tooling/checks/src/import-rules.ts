import type { Source } from "./sources.ts";

/** Who may import whom in what is published. Whoever is not named here may import db-core alone. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "db-core": [],
  testing: [],
  media: ["db-core", "files", "queue", "kv"],
};

/** What stands behind the one door through which a package offers its users migrated test databases. */
const TESTING_DOOR = ["packages/migrate/src/testing.ts", "packages/migrate/src/migrated-database.ts"];

const IMPORT = /(?:from\s+|import\s+|import\(\s*)"@plinth\/([a-z-]+(?:\/[^"]*)?)"/g;

/** Imports that the architecture forbids, as `file: what is wrong`. Applications may import anything; tests may import @plinth/testing. */
export function forbiddenImports(sources: readonly Source[]): readonly string[] {
  return sources.flatMap(({ path, text }) => {
    const importer = /^packages\/([^/]+)\//.exec(path)?.[1];
    if (importer === undefined) return [];
    const allowed = new Set([...(MAY_IMPORT[importer] ?? ["db-core"]), importer]);
    const isTest = /\.(?:test|chaos)\.ts$|\/fixtures\/|\/bench\//.test(path);
    if (isTest || TESTING_DOOR.includes(path)) allowed.add("testing");
    // The migrator's other door is for programs that migrate.
    if (isTest) allowed.add("migrate/testing");
    return [...text.matchAll(IMPORT)]
      .map((match) => match[1] ?? "")
      .filter((imported) => !allowed.has(imported) && !allowed.has(imported.replace(/\/.*/, "")))
      .map((imported) => `${path}: ${importer} may not import @plinth/${imported}`);
  });
}
