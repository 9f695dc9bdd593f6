import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { InvalidFilesError } from "./file-errors.ts";
import { type Duplicate, notMigrations, resolveGraph } from "./graph.ts";
import { NamespaceConflictError } from "./graph-errors.ts";
import { MANIFEST_NAME, readManifest } from "./manifest.ts";
import type { Migrations } from "./migrations.ts";
import { type ScannedDirectory, scanDirectory } from "./scan-directory.ts";

/**
 * Loads the migrations of a package or an application and of all it imports, from the directory that holds its `namespaces.txt` and its own
 * files. The root's name is that of the nearest package.json above. Opens no connection, and holds no file's text.
 *
 * @param directory A path, relative to the working directory, or a `file:` URL.
 * @throws {MigrateError} With `kind` `"usage"`: the graph cannot be resolved (MIG1xx), or files cannot run as they are (MIG2xx, all listed).
 */
export async function loadMigrations(directory: string | URL): Promise<Migrations> {
  const path =
    directory instanceof URL || directory.startsWith("file:") ? fileURLToPath(directory) : resolve(directory);
  const graph = await resolveGraph(path);
  const scans = graph.nodes.map((node) => ({ node, scan: scanDirectory(node.name, node.directory) }));

  const problems = scans.flatMap(({ scan }) => scan.problems);
  if (problems.length > 0) throw new InvalidFilesError(problems, scriptsHint(scans.map(({ scan }) => scan)));
  const rootScan = scans.at(-1)?.scan;
  if (rootScan?.files.length === 0 && !existsSync(join(graph.root.directory, MANIFEST_NAME)))
    throw notMigrations(path, rootScan.scripts[0]);

  const namespaces = scans.map(({ node, scan }) => ({
    name: node.name,
    directory: node.directory,
    imports: node.imports,
    files: scan.files,
  }));
  const warnings = [
    ...graph.warnings,
    ...graph.duplicates.map((duplicate) => agree(duplicate)),
    ...scans.flatMap(({ node, scan }) =>
      scan.scripts.map((name) => `${join(node.directory, name)} is not run: migrations are SQL files`),
    ),
  ];
  return { root: namespaces.at(-1)!, namespaces, warnings };
}

/**
 * Two copies of one release, as package managers make them for different peers, are one namespace. Copies that differ in version or files
 * are not.
 */
function agree({ name, first, second }: Duplicate): string {
  const same = first.version !== undefined && first.version === second.version;
  if (!same || content(name, first.directory) !== content(name, second.directory))
    throw new NamespaceConflictError(name, [first, second]);
  return `MIG104 ${name} ${first.version} is installed twice, with the same migrations: ${first.directory} and ${second.directory}`;
}

function content(name: string, directory: string): string {
  const { files, problems } = scanDirectory(name, directory);
  const imports = readManifest(directory).entries.map((entry) => entry.name);
  return JSON.stringify([imports, problems.length, files.map((file) => [file.fileName, file.hash])]);
}

function scriptsHint(scans: readonly ScannedDirectory[]): string | undefined {
  const scripts = scans.flatMap((scan) => scan.scripts);
  return scripts.length === 0 ? undefined : `migrations are SQL files; these are not run at all: ${scripts.join(", ")}`;
}
