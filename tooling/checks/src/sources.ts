import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** One source file of the workspace. */
export interface Source {
  /** From the workspace's root, with forward slashes: `packages/kv/src/get.ts`. */
  readonly path: string;
  readonly text: string;
}

export const root: string = fileURLToPath(new URL("../../../", import.meta.url));

const SKIPPED = new Set(["node_modules", "dist", "fixtures", ".turbo"]);

/** Every TypeScript file below `packages/` and `apps/`. */
export function workspaceSources(): readonly Source[] {
  return ["packages", "apps"].flatMap((folder) => [...sourcesBelow(join(root, folder))]);
}

function* sourcesBelow(directory: string): Generator<Source> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) yield* sourcesBelow(path);
    if (entry.isFile() && entry.name.endsWith(".ts")) {
      yield { path: relative(root, path).replaceAll("\\", "/"), text: readFileSync(path, "utf8") };
    }
  }
}
