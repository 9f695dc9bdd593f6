import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type ImportLine,
  MigrationsDirectoryError,
  type NamespaceCopy,
  NamespaceCycleError,
  NoMigrationsError,
  PackageNotFoundError,
  positionOf,
} from "./graph-errors.ts";
import { MANIFEST_NAME, type Manifest, type ManifestEntry, readManifest } from "./manifest.ts";
import {
  dependsOn,
  findPackage,
  type InstalledPackage,
  isDirectory,
  migrationsPathOf,
  packageOf,
} from "./resolve-package.ts";

/** Everyone imports it first, and no manifest need name it. */
export const CORE = "@plinth/db-core";

/** A package of the graph, before its files are read. */
export interface GraphNode {
  readonly name: string;
  /** Of the migrations: absolute, links resolved. */
  readonly directory: string;
  readonly version: string | undefined;
  /** Direct imports in the manifest's order, without db-core. */
  readonly imports: readonly string[];
}

/** Two directories that claim to be one package's migrations. Whether they agree is seen from their files. */
export interface Duplicate {
  readonly name: string;
  readonly first: NamespaceCopy;
  readonly second: NamespaceCopy;
}

export interface Graph {
  readonly root: GraphNode;
  /** In the order in which they run. */
  readonly nodes: readonly GraphNode[];
  readonly duplicates: readonly Duplicate[];
  readonly warnings: readonly string[];
}

interface Visit {
  readonly node: GraphNode & { readonly imports: string[] };
  readonly manifest: Manifest;
  readonly installed: InstalledPackage;
  readonly copy: NamespaceCopy;
  /** The next line to follow. */
  next: number;
  open: boolean;
}

/**
 * Resolves the manifest in `directory` and all it leads to: imported packages first, each once, in the order of the lines, db-core before all.
 * Touches no database and runs no package's code, unless a package names its directory only by an export.
 *
 * @throws {MigrationsDirectoryError} `directory` is no package's migrations directory.
 * @throws {PackageNotFoundError} A manifest names a package that its importer cannot see.
 * @throws {NoMigrationsError} An imported package does not say where its migrations are.
 * @throws {NamespaceCycleError} Packages import each other in a circle.
 * @throws {InvalidManifestError} A line of a manifest is not a package's name.
 */
export async function resolveGraph(directory: string): Promise<Graph> {
  const installed = rootPackage(directory);
  const walk = new GraphWalk();
  const root = walk.open(installed, realpathSync.native(directory), undefined);
  if (installed.name !== CORE) await walk.finish(await walk.openCore(root));
  await walk.finish(root);
  return { root: root.node, nodes: walk.order, duplicates: walk.duplicates, warnings: walk.warnings };
}

/** Depth first, with a stack of its own: a chain of any depth is a list, not a recursion. */
class GraphWalk {
  readonly order: GraphNode[] = [];
  readonly duplicates: Duplicate[] = [];
  readonly warnings: string[] = [];
  readonly #visits = new Map<string, Visit>();

  open(installed: InstalledPackage, directory: string, line: ImportLine | undefined): Visit {
    const manifest = readManifest(directory);
    this.warnings.push(...manifest.warnings);
    const { name, version } = installed;
    const copy = copyOf(installed, directory, line);
    const node = { name, directory, version, imports: [] };
    const visit = { node, manifest, installed, copy, next: 0, open: true };
    this.#visits.set(name, visit);
    return visit;
  }

  /** db-core as the application has it, or else as this package has it. Two that differ are found out from their files. */
  async openCore(root: Visit): Promise<Visit> {
    const own = await this.#core(fileURLToPath(import.meta.url), undefined);
    const theirs = await this.#core(root.manifest.path, root.node.name);
    const chosen = theirs ?? own;
    if (chosen === undefined) throw new NoMigrationsError(CORE, "it is not installed", undefined);
    const visit = this.open(chosen.installed, chosen.directory, undefined);
    if (theirs !== undefined && own !== undefined) this.#compare(CORE, theirs.copy, own.copy);
    return visit;
  }

  async finish(first: Visit): Promise<void> {
    const stack = [first];
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
      const entry = visit.manifest.entries[visit.next++];
      if (entry === undefined) {
        visit.open = false;
        this.order.push(visit.node);
        stack.pop();
      } else {
        const imported = await this.#follow(visit, entry, stack);
        if (imported !== undefined) stack.push(imported);
      }
    }
  }

  /** The package that a line imports, if it has not been seen yet. */
  async #follow(visit: Visit, entry: ManifestEntry, stack: readonly Visit[]): Promise<Visit | undefined> {
    const line = lineOf(visit, entry);
    // Before it is looked up: a package seldom has itself among its dependencies.
    if (entry.name === visit.node.name) throw new NamespaceCycleError([line]);
    const lookup = findPackage(entry.name, visit.manifest.path);
    if (!("found" in lookup)) {
      // Named out of thoroughness by a package that has it only through others: it is there all the same.
      if (entry.name === CORE && this.#visits.has(CORE)) return undefined;
      throw new PackageNotFoundError(line, lookup.searched);
    }
    const { found } = lookup;
    const seen = this.#visits.get(found.name);
    if (seen?.open) throw new NamespaceCycleError(circle(stack, seen));

    if (found.name !== CORE) visit.node.imports.push(found.name);
    const directory = await migrationsDirectory(found, line);
    if (seen !== undefined) {
      this.#compare(found.name, seen.copy, copyOf(found, directory, line));
      return undefined;
    }
    if (dependsOn(found, CORE)) await this.#compareCore(found);
    return this.open(found, directory, line);
  }

  async #compareCore(importer: InstalledPackage): Promise<void> {
    const first = this.#visits.get(CORE)?.copy;
    const second = await this.#core(`${importer.directory}/package.json`, importer.name);
    if (first !== undefined && second !== undefined) this.#compare(CORE, first, second.copy);
  }

  async #core(fromFile: string, importer: string | undefined): Promise<CoreFound | undefined> {
    const lookup = findPackage(CORE, fromFile);
    if (!("found" in lookup)) return undefined;
    const directory = await migrationsDirectory(lookup.found, undefined);
    const copy = { ...copyOf(lookup.found, directory, undefined), importer: importer ?? "@plinth/migrate" };
    return { installed: lookup.found, directory, copy };
  }

  #compare(name: string, first: NamespaceCopy, second: NamespaceCopy): void {
    if (first.directory !== second.directory) this.duplicates.push({ name, first, second });
  }
}

interface CoreFound {
  readonly installed: InstalledPackage;
  readonly directory: string;
  readonly copy: NamespaceCopy;
}

function rootPackage(directory: string): InstalledPackage {
  if (!isDirectory(directory)) throw new MigrationsDirectoryError(directory, "there is no such directory", undefined);
  const installed = packageOf(realpathSync.native(directory));
  if (installed !== undefined) return installed;
  const hint = "its package.json needs a name: the name of the namespace in the ledger";
  throw new MigrationsDirectoryError(directory, "no package.json with a name is there or above", hint);
}

async function migrationsDirectory(installed: InstalledPackage, line: ImportLine | undefined): Promise<string> {
  let path: string | undefined;
  try {
    path = await migrationsPathOf(installed);
  } catch (error) {
    const found = `importing it failed: ${error instanceof Error ? error.message : String(error)}`;
    throw new NoMigrationsError(installed.name, found, line, { cause: error });
  }
  const where = `${installed.directory}/package.json`;
  if (path === undefined) {
    const found = `${where} has no field "migrations", and the package no export "migrations" that is a path or a file: URL`;
    throw new NoMigrationsError(installed.name, found, line);
  }
  if (!isDirectory(path)) throw new NoMigrationsError(installed.name, `there is no directory ${path}`, line);
  return realpathSync.native(path);
}

/** The lines that lead from `seen` down the stack and back to it. */
function circle(stack: readonly Visit[], seen: Visit): readonly ImportLine[] {
  return stack.slice(stack.indexOf(seen)).flatMap((visit) => {
    const entry = visit.manifest.entries[visit.next - 1];
    return entry === undefined ? [] : [lineOf(visit, entry)];
  });
}

function lineOf(visit: Visit, entry: ManifestEntry): ImportLine {
  return { importer: visit.node.name, manifest: visit.manifest.path, entry };
}

function copyOf(installed: InstalledPackage, directory: string, line: ImportLine | undefined): NamespaceCopy {
  return {
    directory,
    version: installed.version,
    importer: line?.importer ?? installed.name,
    position: line === undefined ? undefined : positionOf(line),
  };
}

/** What to say of a directory that holds neither a manifest nor a migration; perhaps another tool's. */
export function notMigrations(directory: string, script: string | undefined): MigrationsDirectoryError {
  const below = `${directory}/migrations`;
  if (script !== undefined)
    return new MigrationsDirectoryError(directory, `only ${script} is there`, "migrations are SQL files: NNN-name.sql");
  const hint = isDirectory(below)
    ? `did you mean ${below}?`
    : `make an empty ${MANIFEST_NAME} there, or a first file like 001-tables.sql`;
  return new MigrationsDirectoryError(directory, "neither is there", hint);
}
