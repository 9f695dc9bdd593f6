import { readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { InvalidPackageJsonError } from "./graph-errors.ts";

/** What this package reads of a `package.json`. */
export interface PackageJson {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly main?: unknown;
  readonly exports?: unknown;
  readonly migrations?: unknown;
  readonly dependencies?: unknown;
  readonly peerDependencies?: unknown;
}

/** An installed package. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string | undefined;
  /** Absolute, links resolved: what it imports is looked up from here. */
  readonly directory: string;
  readonly json: PackageJson;
}

/** The package, or the directories in which it was not. */
export type PackageLookup = { readonly found: InstalledPackage } | { readonly searched: readonly string[] };

/**
 * Finds a package the way Node does for a module in `fromFile`, but by its `package.json`: packages whose `exports` hide that file, and
 * packages that were not built, are found all the same.
 */
export function findPackage(name: string, fromFile: string): PackageLookup {
  const searched = modulesAbove(dirname(fromFile));
  for (const directory of searched) {
    const json = readPackageJson(join(directory, name));
    if (json !== undefined) return { found: installed(realpathSync.native(join(directory, name)), json, name) };
  }
  return { searched };
}

/** The nearest package above `directory` that has a name; a `package.json` without one only sets a module type. */
export function packageOf(directory: string): InstalledPackage | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const json = readPackageJson(at);
    if (json !== undefined && typeof json.name === "string" && json.name !== "") return installed(at, json, json.name);
    if (dirname(at) === at) return undefined;
  }
}

/**
 * What a package says about where its migrations are, as an absolute path: the field `migrations` of its package.json, so that nothing of
 * the package need run or be built, or else the export `migrations` of its main module.
 */
export async function migrationsPathOf(from: InstalledPackage): Promise<string | undefined> {
  const field = from.json.migrations;
  if (field !== undefined) return toPath(isRecord(field) ? field.dir : field, from.directory);
  const entry = mainModule(from.json);
  if (entry === undefined) return undefined;
  const module: unknown = await import(pathToFileURL(join(from.directory, entry)).href);
  return isRecord(module) ? toPath(module.migrations, from.directory) : undefined;
}

/** Whether a package declares `dependency` for itself. What is merely in reach may be another package's. */
export function dependsOn(from: InstalledPackage, dependency: string): boolean {
  return [from.json.dependencies, from.json.peerDependencies].some(
    (field) => isRecord(field) && Object.hasOwn(field, dependency),
  );
}

export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Where Node looks for packages that a module in `directory` imports, nearest first. */
function modulesAbove(directory: string): readonly string[] {
  const directories: string[] = [];
  for (let at = directory; ; at = dirname(at)) {
    if (basename(at) !== "node_modules") directories.push(join(at, "node_modules"));
    if (dirname(at) === at) return directories;
  }
}

function installed(directory: string, json: PackageJson, fallbackName: string): InstalledPackage {
  return {
    name: typeof json.name === "string" && json.name !== "" ? json.name : fallbackName,
    version: typeof json.version === "string" ? json.version : undefined,
    directory,
    json,
  };
}

function readPackageJson(directory: string): PackageJson | undefined {
  const path = join(directory, "package.json");
  let source: string;
  try {
    source = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return undefined;
    throw error;
  }
  try {
    const json: unknown = JSON.parse(source.replace(/^\uFEFF/, ""));
    return isRecord(json) ? json : {};
  } catch (error) {
    throw new InvalidPackageJsonError(path, { cause: error });
  }
}

/** The file that `import` of the package would load, for an ESM importer on Node. */
function mainModule(json: PackageJson): string | undefined {
  const { exports } = json;
  if (exports === undefined || exports === null) return typeof json.main === "string" ? json.main : "index.js";
  return target(isRecord(exports) && Object.hasOwn(exports, ".") ? exports["."] : exports);
}

function target(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(target).find((each) => each !== undefined);
  if (!isRecord(value)) return undefined;
  for (const [condition, nested] of Object.entries(value)) {
    if (!["import", "node", "module-sync", "default"].includes(condition)) continue;
    const found = target(nested);
    if (found !== undefined) return found;
  }
  return undefined;
}

function toPath(value: unknown, base: string): string | undefined {
  if (value instanceof URL) return fileURLToPath(value);
  if (typeof value !== "string" || value === "") return undefined;
  if (value.startsWith("file:")) return fileURLToPath(value);
  return isAbsolute(value) ? value : resolve(base, value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
