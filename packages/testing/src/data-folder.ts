import { createHash, randomUUID } from "node:crypto";
import { chownSync, existsSync, mkdirSync } from "node:fs";
import { readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Account, checkReachable } from "./account.ts";
import { FolderError, ServerStartError } from "./errors.ts";
import { pack, unpack } from "./folder-pack.ts";
import type { Keeper } from "./kept-process.ts";

/** The programs of one version, and who runs them. */
export interface Programs {
  readonly folder: string;
  readonly major: number;
  readonly account: Account | undefined;
}

// The locale is named, or initdb takes the environment's. macOS has no C.UTF-8.
const INITDB_ARGUMENTS = [
  "--username=postgres",
  "--auth=trust",
  "--encoding=UTF8",
  process.platform === "darwin" ? "--locale=C" : "--locale=C.UTF-8",
];

export function serverEnvironment(programs: Programs): Record<string, string> {
  const library = join(programs.folder, "lib");
  return { PATH: process.env.PATH ?? "", TZ: "UTC", LD_LIBRARY_PATH: library, DYLD_LIBRARY_PATH: library };
}

/** Fills a folder that will not be kept from an image of an empty cluster, which the first call makes once per version. */
export async function fillFromImage(folder: string, programs: Programs, keeper: Keeper): Promise<void> {
  const key = createHash("sha256").update(JSON.stringify(INITDB_ARGUMENTS)).digest("hex").slice(0, 8);
  const image = join(programs.folder, `empty-cluster-${key}.pack`);
  if (!existsSync(image)) {
    await initdb(folder, programs, keeper, ["--no-sync"]);
    await pack(folder, image);
    return;
  }
  makeFolder(folder, programs.account);
  await unpack(image, folder, programs.account);
}

/**
 * Makes sure that a folder that is kept holds a cluster of this version: makes one where there is none.
 *
 * @throws {FolderError} It holds something else, or a cluster of another version. Nothing was changed.
 */
export async function ensureCluster(folder: string, programs: Programs, keeper: Keeper): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  checkReachable(folder, programs.account);
  const found = await versionOf(folder);
  if (found === String(programs.major)) return;
  if (found !== undefined) {
    throw new FolderError(
      folder,
      `${folder} holds the data of a Postgres ${found}, and this is ${programs.major}: start it with version ${found}, or use another dataDirectory.`,
    );
  }
  // Beside it, and put in place when it is whole: a process that is killed meanwhile leaves nothing that looks like a cluster.
  const unfinished = `${folder}.making-${randomUUID()}`;
  makeFolder(unfinished, programs.account);
  try {
    await initdb(unfinished, programs, keeper, []);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOTDIR") throw error;
    // Another process made the same cluster just now.
    if ((await versionOf(folder)) === String(programs.major)) return;
    throw new FolderError(
      folder,
      `${folder} is neither empty nor the data folder of a Postgres: use another dataDirectory.`,
      {
        cause: error,
      },
    );
  }
}

export function makeFolder(folder: string, account: Account | undefined): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
}

async function versionOf(folder: string): Promise<string | undefined> {
  try {
    return (await readFile(join(folder, "PG_VERSION"), "utf8")).trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

async function initdb(folder: string, programs: Programs, keeper: Keeper, more: readonly string[]): Promise<void> {
  makeFolder(folder, programs.account);
  const running = await keeper.run({
    file: join(programs.folder, "bin", "initdb"),
    args: [`--pgdata=${folder}`, ...INITDB_ARGUMENTS, ...more],
    cwd: folder,
    env: serverEnvironment(programs),
    ...(programs.account === undefined ? {} : { account: programs.account }),
  });
  const { exitCode, signal } = await keeper.hold(running.exited);
  if (exitCode !== 0) throw new ServerStartError(`initdb ended with ${exitCode ?? signal}.`, running.output());
}
