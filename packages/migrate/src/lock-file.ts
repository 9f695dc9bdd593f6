import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LockedArgument, LockedColumn, LockedProcedure } from "./call-compatible.ts";
import { MigrateError, type SourcePosition } from "./migrate-error.ts";
import type { Namespace } from "./migrations.ts";
import { packageOf } from "./resolve-package.ts";

export const LOCK_NAME = "procedures.lock.json";

/** A repeatable file as it was at the release that last changed it. */
export interface LockedFile {
  /** `900-r-procedures.sql` */
  readonly file: string;
  readonly hash: string;
  /** The namespace's highest numbered migration at that release. */
  readonly number: number;
}

/** `procedures.lock.json`: what a namespace has promised in its releases so far. */
export interface ProceduresLock {
  readonly format: 1;
  readonly namespace: string;
  /** The highest numbered migration at the last release. */
  readonly version: number;
  readonly files: readonly LockedFile[];
  /** Every procedure ever promised. */
  readonly procedures: readonly LockedProcedure[];
}

/** A lock file is not what this release writes. Nothing was compared or written. */
export class InvalidLockFileError extends MigrateError {
  override readonly name = "InvalidLockFileError";
  readonly code = "MIG211";
  readonly kind = "usage";
  override readonly positions: readonly SourcePosition[];
  override readonly hint =
    "take the file of the last release again; it is written by `plinth-migrate types --lock` only";

  constructor(path: string, found: string, options?: ErrorOptions) {
    super(`expected ${path} to be a lock file of format 1: ${found}`, options);
    this.positions = [{ file: path, line: 1 }];
  }
}

/** Where a namespace's lock file is, or would be: beside its package.json. */
export function lockPathOf(namespace: Namespace): string {
  return join(packageOf(namespace.directory)?.directory ?? dirname(namespace.directory), LOCK_NAME);
}

/**
 * Reads a lock file; nothing if there is none, as before a first release.
 *
 * @throws {InvalidLockFileError} The file is no lock file, or of a later format.
 */
export function readLock(path: string): ProceduresLock | undefined {
  let source: string;
  try {
    source = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return parseLock(path, source);
}

/** As {@link readLock}, of a text: another revision's, say. */
export function parseLock(path: string, source: string): ProceduresLock {
  let json: unknown;
  try {
    json = JSON.parse(source);
  } catch (error) {
    throw new InvalidLockFileError(path, `it is not JSON: ${(error as Error).message}`, { cause: error });
  }
  const problem = problemOf(json);
  if (problem !== undefined) throw new InvalidLockFileError(path, problem);
  return json as ProceduresLock;
}

/** The same lock always makes the same bytes: a list is sorted, a key has its place. */
export function renderLock(lock: ProceduresLock): string {
  const ordered = {
    format: lock.format,
    namespace: lock.namespace,
    version: lock.version,
    files: [...lock.files]
      .sort((a, b) => order(a.file, b.file))
      .map(({ file, hash, number }) => ({ file, hash, number })),
    procedures: [...lock.procedures]
      .sort((a, b) => order(a.schema, b.schema) || order(a.name, b.name))
      .map((each) => ({
        schema: each.schema,
        name: each.name,
        mode: each.mode,
        returns: each.returns,
        service: each.service,
        since: each.since,
        deprecated: each.deprecated,
        args: each.args.map(({ name, type, hasDefault }) => ({ name, type, hasDefault })),
        columns: each.columns.map(({ name, type }) => ({ name, type })),
      })),
  };
  return `${JSON.stringify(ordered, undefined, 2)}\n`;
}

/** Writes a lock file whole or not at all. */
export function writeLock(path: string, lock: ProceduresLock): void {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, renderLock(lock), { flag: "wx" });
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

type Shape<T> = { readonly [Key in keyof Required<T>]: (value: unknown) => boolean };

const isText = (value: unknown) => typeof value === "string";
const isOptionalText = (value: unknown) => value === undefined || (typeof value === "string" && value !== "");
const isNumber = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isOneOf = (allowed: readonly string[]) => (value: unknown) => allowed.includes(value as string);
const isListOf = (shape: object) => (value: unknown) =>
  Array.isArray(value) && value.every((each) => wrongKey(each, shape as Shape<unknown>) === undefined);

const FILE: Shape<LockedFile> = { file: isText, hash: isText, number: isNumber };
const ARGUMENT: Shape<LockedArgument> = {
  name: isText,
  type: isText,
  hasDefault: (value) => typeof value === "boolean",
};
const COLUMN: Shape<LockedColumn> = { name: isText, type: isText };
const PROCEDURE: Shape<LockedProcedure> = {
  schema: isText,
  name: isText,
  mode: isOneOf(["read", "write"]),
  returns: isOneOf(["void", "scalar", "maybe", "one", "many"]),
  service: isOptionalText,
  since: isNumber,
  deprecated: (value) => value === undefined || isNumber(value),
  args: isListOf(ARGUMENT),
  columns: isListOf(COLUMN),
};

function problemOf(json: unknown): string | undefined {
  if (typeof json !== "object" || json === null) return "it is not an object";
  const lock = json as Record<string, unknown>;
  if (lock.format !== 1) return `its format is ${JSON.stringify(lock.format)}`;
  if (!isText(lock.namespace)) return "namespace is not a string";
  if (!isNumber(lock.version)) return "version is not a number";
  return listProblem("files", lock.files, FILE) ?? listProblem("procedures", lock.procedures, PROCEDURE);
}

function listProblem(name: string, list: unknown, shape: object): string | undefined {
  if (!Array.isArray(list)) return `${name} is not a list`;
  for (const [index, item] of list.entries()) {
    const key = wrongKey(item, shape as Shape<unknown>);
    if (key !== undefined) return `${name}[${index}].${key} is missing or not as expected`;
  }
  return undefined;
}

function wrongKey(value: unknown, shape: Readonly<Record<string, (value: unknown) => boolean>>): string | undefined {
  if (typeof value !== "object" || value === null) return "";
  return Object.keys(shape).find((key) => !shape[key]?.((value as Record<string, unknown>)[key]));
}
