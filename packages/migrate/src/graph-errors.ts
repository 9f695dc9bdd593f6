import type { ManifestEntry } from "./manifest.ts";
import { MigrateError, type SourcePosition } from "./migrate-error.ts";
import { showPosition } from "./source-position.ts";

/** One step of the graph: a line of a manifest that imports a package. */
export interface ImportLine {
  /** The package whose manifest it is. */
  readonly importer: string;
  /** Absolute path of the manifest. */
  readonly manifest: string;
  readonly entry: ManifestEntry;
}

/** A manifest holds lines that are not package names. Nothing was run. */
export class InvalidManifestError extends MigrateError {
  override readonly name = "InvalidManifestError";
  readonly code = "MIG107";
  readonly kind = "usage";
  override readonly positions: readonly SourcePosition[];
  override readonly hint = "write one package name a line, like @acme/queue; comments start with #";

  constructor(path: string, entries: readonly ManifestEntry[], linesMax: number) {
    const positions = entries.map((entry) => ({ file: path, line: entry.line, text: entry.text }));
    super(
      entries.length === 0
        ? `${path} has more than ${linesMax} lines`
        : ["expected the name of a package in each line of a manifest, found:"]
            .concat(entries.map((entry) => `  ${path}:${entry.line} ${JSON.stringify(entry.name.slice(0, 200))}`))
            .join("\n"),
    );
    this.positions = positions;
  }
}

/** Packages import each other in a circle, or one imports itself. Nothing was run. */
export class NamespaceCycleError extends MigrateError {
  override readonly name = "NamespaceCycleError";
  readonly code = "MIG101";
  readonly kind = "usage";
  override readonly positions: readonly SourcePosition[];
  override readonly hint = "remove one of these lines: whichever package can do without the other's tables";

  /** The packages of the circle; the first is also the last. */
  readonly path: readonly string[];

  constructor(lines: readonly ImportLine[]) {
    const path = [...lines.map((line) => line.importer), lines[0]?.importer ?? ""];
    super(
      [`namespace cycle: ${path.join(" → ")}`]
        .concat(lines.map((line) => `  ${showPosition(positionOf(line))} imports ${line.entry.name}`))
        .join("\n"),
    );
    this.path = path;
    this.positions = lines.map(positionOf);
  }
}

/** A manifest names a package that is not installed where its importer can see it. Nothing was run. */
export class PackageNotFoundError extends MigrateError {
  override readonly name = "PackageNotFoundError";
  readonly code = "MIG102";
  readonly kind = "usage";
  override readonly positions: readonly SourcePosition[];
  override readonly hint: string;

  readonly packageName: string;
  readonly importer: string;
  /** The directories that were looked into, nearest first. */
  readonly searched: readonly string[];

  constructor(line: ImportLine, searched: readonly string[]) {
    super(
      [
        `package ${line.entry.name} was not found: ${line.importer} imports it in ${showPosition(positionOf(line))}`,
        "  searched:",
        ...searched.map((directory) => `    ${directory}`),
      ].join("\n"),
    );
    this.packageName = line.entry.name;
    this.importer = line.importer;
    this.searched = searched;
    this.positions = [positionOf(line)];
    this.hint = `add ${line.entry.name} to the dependencies of ${line.importer} and install`;
  }
}

/** An imported package says nowhere where its migrations are, or they are not there. Nothing was run. */
export class NoMigrationsError extends MigrateError {
  override readonly name = "NoMigrationsError";
  readonly code = "MIG103";
  readonly kind = "usage";
  override readonly positions: readonly SourcePosition[];
  override readonly hint = 'a package names its directory in package.json: "migrations": "./migrations"';

  readonly packageName: string;

  constructor(packageName: string, found: string, line: ImportLine | undefined, options?: ErrorOptions) {
    const from = line === undefined ? "" : `; ${line.importer} imports it in ${showPosition(positionOf(line))}`;
    super(`package ${packageName} has no migrations: ${found}${from}`, options);
    this.packageName = packageName;
    this.positions = line === undefined ? [] : [positionOf(line)];
  }
}

/** A `package.json` on the way to a package's migrations is not JSON. Nothing was run. */
export class InvalidPackageJsonError extends MigrateError {
  override readonly name = "InvalidPackageJsonError";
  readonly code = "MIG108";
  readonly kind = "usage";
  override readonly hint = "mend the file, or install the package again";

  readonly path: string;

  constructor(path: string, options: { readonly cause: unknown }) {
    super(
      `expected JSON in ${path}: ${options.cause instanceof Error ? options.cause.message : "unreadable"}`,
      options,
    );
    this.path = path;
  }
}

/** One of the copies of a package that {@link NamespaceConflictError} found. */
export interface NamespaceCopy {
  readonly directory: string;
  readonly version: string | undefined;
  /** Who needs this copy. */
  readonly importer: string;
  readonly position: SourcePosition | undefined;
}

/** One package is installed twice with different migrations: whichever ran, half the packages would not fit. Nothing was run. */
export class NamespaceConflictError extends MigrateError {
  override readonly name = "NamespaceConflictError";
  readonly code = "MIG104";
  readonly kind = "usage";
  override readonly positions: readonly SourcePosition[];
  override readonly hint = "make both depend on the same version of it, and install again";

  readonly packageName: string;
  readonly copies: readonly NamespaceCopy[];

  constructor(packageName: string, copies: readonly NamespaceCopy[]) {
    super(
      [`package ${packageName} is there ${copies.length} times, with different migrations:`]
        .concat(
          copies.map((copy) => {
            const where = copy.position === undefined ? "" : ` in ${showPosition(copy.position)}`;
            return `  ${copy.version ?? "no version"} in ${copy.directory}, imported by ${copy.importer}${where}`;
          }),
        )
        .join("\n"),
    );
    this.packageName = packageName;
    this.copies = copies;
    this.positions = copies.flatMap((copy) => copy.position ?? []);
  }
}

/** The directory given is no migrations directory of a package. Nothing was run. */
export class MigrationsDirectoryError extends MigrateError {
  override readonly name = "MigrationsDirectoryError";
  readonly code = "MIG106";
  readonly kind = "usage";
  override readonly hint: string | undefined;

  readonly directory: string;

  constructor(directory: string, found: string, hint: string | undefined, options?: ErrorOptions) {
    super(`expected a directory with namespaces.txt or migrations in ${directory}: ${found}`, options);
    this.directory = directory;
    this.hint = hint;
  }
}

export function positionOf(line: ImportLine): SourcePosition {
  return { file: line.manifest, line: line.entry.line, text: line.entry.text };
}
