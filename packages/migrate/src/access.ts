import { readFileSync } from "node:fs";
import { access as accessible, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AccessFileError } from "./access-error.ts";
import { parseAccess, placeInFile } from "./access-file.ts";
import type { SourcePosition } from "./migrate-error.ts";
import type { Migrations } from "./migrations.ts";
import type { NeededRoles } from "./missing-rights.ts";

/** Who may call what: `access.json` of an application. */
export interface Access {
  /** The path of the file this was read from; none if it was made in code. */
  readonly file?: string | undefined;
  /** What stands before a service's name to make its role's: `""` or `acme_`. */
  readonly rolePrefix: string;
  /** Owns every schema, table and procedure, and cannot log in. `undefined`: the migrating role does. */
  readonly ownerRole: string | undefined;
  readonly services: { readonly [service: string]: ServiceAccess };
  /** Roles that are not called prefix and service: those of tests, whose names are not the application's to choose. */
  readonly roles?: { readonly [service: string]: string } | undefined;
}

/** What one service may call. */
export interface ServiceAccess {
  /** Schemas whose procedures it may call, but for those that carry another service's name. */
  readonly own: readonly string[];
  /** Packages whose procedures it may call, all of them. */
  readonly uses: readonly string[];
  /** Patterns of other services' read procedures: `billing.get_*`. A `*` stands for any characters. */
  readonly reads: readonly string[];
}

/**
 * The access.json beside the package.json of the application whose migrations lie in `directory`, or `undefined` where there is none.
 *
 * @throws {AccessFileError} The file is there and can't be used.
 */
export async function readAccess(directory: string): Promise<Access | undefined> {
  const file = join(await packageDirectory(directory), "access.json");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new AccessFileError(file, ["it can't be read"], [], { cause: error });
  }
  return parseAccess(file, text);
}

/**
 * Holds what access.json says against the graph: packages that it names must be in it.
 *
 * @throws {AccessFileError} A service uses a package that the run doesn't migrate.
 */
export function checkAccess(access: Access, migrations: Migrations): void {
  const known = migrations.namespaces.map((namespace) => namespace.name);
  const faults = Object.entries(access.services).flatMap(([service, { uses }]) =>
    uses
      .filter((name) => !known.includes(name))
      .map((name) => ({
        problem: `services.${service}.uses names ${name}, which no namespaces.txt imports (known: ${known.join(", ")})`,
        position: placeOf(access, ["services", service, "uses"], name),
      })),
  );
  if (faults.length > 0)
    throw new AccessFileError(
      access.file ?? "access",
      faults.map(({ problem }) => problem),
      faults.flatMap(({ position }) => position),
    );
}

/** Where the entry `word` below `path` stands, for an error about it; read again, since only errors ask. Nothing for what was made in code. */
export function placeOf(access: Access, path: readonly string[], word: string): SourcePosition[] {
  if (access.file === undefined) return [];
  try {
    return [placeInFile(access.file, readFileSync(access.file, "utf8").split(/\r?\n/), path, word)];
  } catch {
    return [{ file: access.file, line: 1 }];
  }
}

/** The roles that a run needs to be there: none without an access. */
export function rolesOf(access: Access | undefined): NeededRoles {
  const services = access === undefined ? [] : Object.keys(access.services);
  return { ownerRole: access?.ownerRole, serviceRoles: services.map((service) => roleOf(access!, service)) };
}

/** The role that a service logs in with. */
export function roleOf(access: Access, service: string): string {
  return access.roles?.[service] ?? access.rolePrefix + service;
}

/** The nearest directory above the migrations that holds a package.json; failing that, the one that holds them. */
async function packageDirectory(migrations: string): Promise<string> {
  for (let directory = dirname(migrations); ; directory = dirname(directory)) {
    try {
      await accessible(join(directory, "package.json"));
      return directory;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    if (directory === dirname(directory)) return dirname(migrations);
  }
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown }).code === "ENOENT";
}
