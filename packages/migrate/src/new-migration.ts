import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { knownKeys, OptionError, text, trueOrFalse } from "@plinth/db-core/errors";
import { InvalidFilesError } from "./file-errors.ts";
import { isSqlFileName, NUMBER_MAX, parseFileName } from "./file-name.ts";
import { MigrationsDirectoryError } from "./graph-errors.ts";
import { MigrateError, type SourcePosition } from "./migrate-error.ts";
import { isDirectory } from "./resolve-package.ts";

export interface NewMigrationOptions {
  /** The migrations directory. It must be there. */
  readonly directory: string;

  /**
   * What the file is about, of lower-case letters, digits, dots, dashes and underscores: `add-priority`. 1 to 150 characters, and no number in front: the
   * directory gives it.
   */
  readonly name: string;

  /**
   * Makes an `NNN-r-name.sql` that runs again whenever its content changes.
   *
   * @defaultValue `false`
   */
  readonly repeatable?: boolean | undefined;
}

/** Somebody else made a file of that name in the same moment. Nothing was written. */
export class MigrationExistsError extends MigrateError {
  override readonly name = "MigrationExistsError";
  readonly code = "MIG212";
  readonly kind = "usage";
  override readonly retryable = true;
  override readonly positions: readonly SourcePosition[];

  constructor(path: string, options?: ErrorOptions) {
    super(`${path} is there already; nothing was written`, options);
    this.positions = [{ file: path, line: 1 }];
  }
}

const NAME_CHARACTERS_MAX = 150;
const PADDING_DEFAULT = 3;
/** Where repeatable files start: below them is room for what they build on. */
const REPEATABLE_FIRST = 900;

/**
 * Makes the next migration of a directory, and returns its path. Numbered files count up from the highest numbered one, repeatable ones from
 * the highest of all, and from 900; the padding is the directory's own. Never writes over a file.
 *
 * @throws {OptionError} An option is missing or out of its range.
 * @throws {InvalidFilesError} The directory holds files whose numbers cannot be trusted.
 * @throws {MigrationExistsError} The file was made in the meantime.
 */
export async function newMigration(options: NewMigrationOptions): Promise<string> {
  knownKeys(options, ["directory", "name", "repeatable"]);
  const directory = text("directory", options.directory, 1, 4096);
  const name = text("name", options.name, 1, NAME_CHARACTERS_MAX);
  const repeatable = trueOrFalse("repeatable", options.repeatable ?? false);
  const parsed = parseFileName(`1${repeatable ? "-r" : ""}-${name}.sql`);
  if ("problem" in parsed || parsed.name !== name || parsed.repeatable !== repeatable)
    throw new OptionError("name", "lower-case letters, digits, dots, dashes and underscores, like add-priority", name);
  if (/^\d+(-|$)/.test(name)) throw new OptionError("name", "without a number: it gets the directory's next one", name);
  if (!isDirectory(directory))
    throw new MigrationsDirectoryError(directory, "there is no such directory", "make it first, with a namespaces.txt");

  const path = join(directory, `${nextNumber(directory, repeatable)}${repeatable ? "-r" : ""}-${name}.sql`);
  try {
    writeFileSync(path, repeatable ? REPEATABLE_TEMPLATE : NUMBERED_TEMPLATE, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw new MigrationExistsError(path, { cause: error });
    throw error;
  }
  return path;
}

/** By names alone: what stands in the files, or whether anything does yet, does not matter here. */
function nextNumber(directory: string, repeatable: boolean): string {
  const names = readdirSync(directory).filter(isSqlFileName).sort();
  const files = names.map((fileName) => ({ fileName, parsed: parseFileName(fileName) }));
  const problems = files.flatMap(({ fileName, parsed }) =>
    "problem" in parsed
      ? [{ code: parsed.code, message: parsed.problem, position: { file: join(directory, fileName), line: 1 } }]
      : [],
  );
  if (problems.length > 0) throw new InvalidFilesError(problems);

  const taken = files.flatMap(({ fileName, parsed }) => ("problem" in parsed ? [] : [{ fileName, ...parsed }]));
  // A repeatable file comes after all it may build on; a numbered one need not come after the repeatable ones.
  const before = taken.filter((file) => repeatable || !file.repeatable).sort((a, b) => a.number - b.number);
  const numbers = new Set(taken.map((file) => file.number));
  let number = Math.max(before.at(-1)?.number ?? 0, repeatable ? REPEATABLE_FIRST - 1 : 0) + 1;
  while (numbers.has(number)) number++;
  if (number > NUMBER_MAX) throw new OptionError("directory", `one with numbers left below ${NUMBER_MAX}`, directory);
  const padding = (before.at(-1) ?? taken.at(-1))?.fileName.match(/^\d+/)?.[0].length ?? PADDING_DEFAULT;
  return String(number).padStart(padding, "0");
}

const NUMBERED_TEMPLATE = `-- What it does, and why.
-- Locks: what it locks that exists, how strongly, and for how long.

`;

const REPEATABLE_TEMPLATE = `-- What these are for.
-- Locks: nothing but the functions' own rows in the catalog.

`;
