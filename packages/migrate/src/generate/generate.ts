import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { knownKeys, OptionError, trueOrFalse } from "@plinth/db-core/errors";
import type { Access } from "../access.ts";
import { loadMigrations } from "../load-migrations.ts";
import type { Migrations } from "../migrations.ts";
import { StaleTypesError } from "./generate-error.ts";
import type { GeneratedTypes } from "./generate-types.ts";

/** How {@link generate} runs. */
export interface GenerateOptions {
  /** The migrations of the package or application to make types for. */
  readonly directory: string | URL;
  /**
   * A server on which a scratch database can be made; it is dropped again.
   *
   * @defaultValue `MIGRATE_DATABASE_URL`, else `DATABASE_URL`
   */
  readonly url?: string | undefined;
  /**
   * Compare the files with what would be written, and write nothing.
   *
   * @defaultValue `false`
   */
  readonly check?: boolean | undefined;
  /**
   * Also write (or compare) procedures.lock.json: what a release promises. For the release, not for every day.
   *
   * @defaultValue `false`
   */
  readonly lock?: boolean | undefined;
}

/** What {@link generate} did. Absolute paths. */
export interface GenerateResult {
  /** Files that now hold something else than before. */
  readonly written: readonly string[];
  /** Files that were right already. */
  readonly unchanged: readonly string[];
  /** What is probably not meant, and what is still to be written by hand. A sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Writes `src/procedures.gen.ts` and, where the package has tables of its own and depends on zod, `src/structure.gen.ts`, from the catalog of
 * a scratch database that the whole graph was applied to.
 *
 * @throws {StaleTypesError} With `check`: a file is not what the migrations give.
 * @throws {TypesImpossibleError} Names collide, or a type has none in TypeScript. Nothing was written.
 * @throws {PromiseBrokenError} With `lock`: something that was released is gone or changed. Nothing was written.
 * @throws {TypesDatabaseError} There is no server, or no right to make a database on it.
 * @throws {MigrateError} Whatever loading and applying the files throws.
 */
export async function generate(options: GenerateOptions): Promise<GenerateResult> {
  knownKeys(options, ["directory", "url", "check", "lock"]);
  const url = options.url ?? process.env.MIGRATE_DATABASE_URL ?? process.env.DATABASE_URL;
  if (url === undefined || url === "")
    throw new OptionError("url", "given, or in MIGRATE_DATABASE_URL or DATABASE_URL", url);
  const check = trueOrFalse("check", options.check ?? false);
  const lock = trueOrFalse("lock", options.lock ?? false);
  const directory = options.directory instanceof URL ? fileURLToPath(options.directory) : options.directory;
  const migrations = await loadMigrations(directory);
  const place = await placeOf(migrations);
  // Loaded here: whoever imports the door to apply migrations walks past it.
  const { withScratchDatabase } = await import("./scratch-database.ts");
  const types = await withScratchDatabase(url, (scratch) => typesOf(scratch, migrations, place));
  const wanted = await wantedFiles(migrations, types, place, lock);
  const files = await (check ? compareFiles(wanted) : writeFiles(wanted));
  return { ...files, warnings: [...types.warnings, ...(await missingJsonTypes(types.jsonTypes, place))] };
}

/** Where generated files lie, and what their package has. */
interface Place {
  readonly sources: string;
  readonly migrationsPath: string;
  readonly hasZod: boolean;
}

/** Types of json values, which people write. */
const jsonFile = "procedure-json.ts";

type Compared = Omit<GenerateResult, "warnings">;

type Files = readonly { readonly path: string; readonly text: string }[];

async function placeOf(migrations: Migrations): Promise<Place> {
  const { lockPathOf } = await import("../lock-file.ts");
  const packageDirectory = dirname(lockPathOf(migrations.root));
  const sources = join(packageDirectory, "src");
  const manifest = JSON.parse(await readFile(join(packageDirectory, "package.json"), "utf8")) as {
    readonly dependencies?: object;
    readonly peerDependencies?: object;
  };
  return {
    sources,
    migrationsPath: relative(sources, migrations.root.directory).split(sep).join("/"),
    hasZod: "zod" in { ...manifest.dependencies, ...manifest.peerDependencies },
  };
}

async function typesOf(scratchUrl: string, migrations: Migrations, place: Place): Promise<GeneratedTypes> {
  const { apply } = await import("../apply.ts");
  // Whoever made the database owns all that is in it: roles are of no interest here.
  const access: Access | null = null;
  await apply(scratchUrl, migrations, { access });
  const { generateTypes } = await import("./generate-types.ts");
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: scratchUrl, application_name: "plinth-migrate" });
  client.on("error", () => {});
  await client.connect();
  try {
    return await generateTypes(client, migrations, { migrationsPath: place.migrationsPath });
  } finally {
    await client.end();
  }
}

async function wantedFiles(migrations: Migrations, types: GeneratedTypes, place: Place, lock: boolean): Promise<Files> {
  const files = [{ path: join(place.sources, "procedures.gen.ts"), text: types.procedures }];
  if (types.structure !== undefined && place.hasZod)
    files.push({ path: join(place.sources, "structure.gen.ts"), text: types.structure });
  if (lock) {
    const { mergeLock } = await import("../lock-check.ts");
    const { lockPathOf, readLock, renderLock } = await import("../lock-file.ts");
    const path = lockPathOf(migrations.root);
    files.push({ path, text: renderLock(mergeLock(readLock(path), migrations.root, types.locked)) });
  }
  return files;
}

/** The file with the types of json values is the package's own, and not made here. */
async function missingJsonTypes(names: readonly string[], { sources }: Place): Promise<string[]> {
  const text = (await textOf(join(sources, jsonFile))) ?? "";
  const missing = names.filter((name) => !new RegExp(`^export\\b.*\\b${name}\\b`, "m").test(text));
  if (missing.length === 0) return [];
  return [`src/procedures.gen.ts wants src/${jsonFile}, exporting ${missing.join(", ")}: the types that json: names`];
}

async function compareFiles(wanted: Files): Promise<Compared> {
  const stale: { path: string; line: number; text: string | undefined }[] = [];
  for (const { path, text } of wanted) {
    const found = await textOf(path);
    if (found !== text) stale.push({ path, ...firstDifference(found ?? "", text) });
  }
  if (stale.length > 0) throw new StaleTypesError(stale);
  return { written: [], unchanged: wanted.map(({ path }) => path) };
}

async function writeFiles(wanted: Files): Promise<Compared> {
  const written: string[] = [];
  const unchanged: string[] = [];
  for (const { path, text } of wanted) {
    if ((await textOf(path)) === text) {
      unchanged.push(path);
      continue;
    }
    await mkdir(dirname(path), { recursive: true });
    // Whole or not at all: a compiler may be watching.
    const draft = `${path}.${process.pid}.tmp`;
    await writeFile(draft, text);
    await rename(draft, path);
    written.push(path);
  }
  return { written, unchanged };
}

async function textOf(path: string): Promise<string | undefined> {
  return existsSync(path) ? (await readFile(path, "utf8")).replaceAll("\r\n", "\n") : undefined;
}

function firstDifference(found: string, wanted: string): { line: number; text: string | undefined } {
  const lines = found.split("\n");
  const others = wanted.split("\n");
  const index = Math.max(
    0,
    others.findIndex((line, at) => line !== lines[at]),
  );
  return { line: index + 1, text: lines[index] };
}
