import { readdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Arguments } from "./command-line.ts";
import { CommandLineError } from "./command-line-error.ts";

const FOLDER = "migrations";
const MANIFEST = "namespaces.txt";

/**
 * The directory that a command works on: the one given, or the nearest folder `migrations` from `cwd` upwards, `cwd` itself included.
 *
 * @throws {CommandLineError} None was given and none is there.
 */
export function migrationsDirectory(args: Arguments, cwd: string): string {
  const given = args.value("directory");
  if (given !== undefined) return resolve(cwd, given);

  for (let at = resolve(cwd); ; at = dirname(at)) {
    if (basename(at) === FOLDER && holdsMigrations(at)) return at;
    if (holdsMigrations(join(at, FOLDER))) return join(at, FOLDER);
    if (dirname(at) === at) break;
  }
  throw new CommandLineError(
    `no migrations directory: neither ${cwd} nor a folder above it has a folder ${FOLDER} with a ${MANIFEST} or .sql files in it`,
    `name one with --directory, or make one: mkdir ${FOLDER} && touch ${FOLDER}/${MANIFEST}`,
  );
}

/** A path as a reader sees it: from where they stand, unless that leads far away. */
export function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === "" ? "." : short.startsWith(join("..", "..", "..", "..")) ? path : short;
}

/** A folder that can't be read counts: what is wrong with it is said by who reads it, and another one further up is not taken instead. */
function holdsMigrations(directory: string): boolean {
  try {
    return readdirSync(directory).some((name) => name === MANIFEST || name.toLowerCase().endsWith(".sql"));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== "ENOENT" && code !== "ENOTDIR";
  }
}
