import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { InvalidManifestError } from "./graph-errors.ts";

export const MANIFEST_NAME = "namespaces.txt";

/** No application is made of more packages, and a file this long is not a manifest. */
const LINES_MAX = 10_000;

// The names npm accepts, scoped or not. A path or a subpath is not a package.
const PACKAGE_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-zA-Z0-9~-][a-zA-Z0-9._~-]*$/;

/** A line of a manifest that names a package. */
export interface ManifestEntry {
  readonly name: string;
  /** From 1. */
  readonly line: number;
  /** The line as it stands in the file. */
  readonly text: string;
}

/** `namespaces.txt`: which packages' migrations run before a package's own. */
export interface Manifest {
  /** Absolute, links resolved: packages are looked up from here. The file itself may be missing. */
  readonly path: string;
  readonly exists: boolean;
  /** Each package once, in the order of the lines. */
  readonly entries: readonly ManifestEntry[];
  readonly warnings: readonly string[];
}

/**
 * Reads the manifest of a migrations directory. A directory without one imports nobody.
 *
 * @throws {InvalidManifestError} A line is not the name of a package. All such lines are listed.
 */
export function readManifest(directory: string): Manifest {
  const named = join(directory, MANIFEST_NAME);
  const source = readIfThere(named);
  if (source === undefined) return { path: named, exists: false, entries: [], warnings: [] };

  const path = realpathSync.native(named);
  const lines = source.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  const entries = new Map<string, ManifestEntry>();
  const bad: ManifestEntry[] = [];
  const warnings: string[] = [];
  for (const [index, text] of lines.entries()) {
    // Package names hold neither spaces nor `#`, so whatever follows one is a comment.
    const name = text.replace(/(?:^|\s)#.*$/, "").trim();
    if (name === "") continue;
    const entry = { name, line: index + 1, text };
    const first = entries.get(name);
    if (first !== undefined)
      warnings.push(`MIG105 ${path}:${entry.line} names ${name} again (first in line ${first.line})`);
    else if (PACKAGE_NAME.test(name)) entries.set(name, entry);
    else bad.push(entry);
  }
  if (bad.length > 0 || lines.length > LINES_MAX) throw new InvalidManifestError(path, bad, LINES_MAX);
  return { path, exists: true, entries: [...entries.values()], warnings };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
