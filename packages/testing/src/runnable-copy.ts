import { randomUUID } from "node:crypto";
import { constants, lstatSync, readdirSync, readFileSync, type Stats } from "node:fs";
import { chmod, copyFile, mkdir, rename, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { cacheFolder } from "./cache-folder.ts";
import type { EmbeddedPackage } from "./embedded-package.ts";

const FILES_AT_ONCE = 16;

/**
 * Makes a copy of a package's programs that runs, and returns its folder: with the links that the package leaves to an
 * install script, and in a place that every user may enter.
 *
 * Every file that is missing or not of the right size is put in its place by a rename. So any number of processes may do
 * this at once, a copy that a cleaner deleted half of is whole again, and nothing is ever taken from under a running server.
 */
export async function runnableCopy(from: EmbeddedPackage): Promise<string> {
  const folder = cacheFolder(from.version);
  const missing = sourceFiles(from.native).filter(({ path, stats }) => !sameSize(join(folder, path), stats));
  for (let done = 0; done < missing.length; done += FILES_AT_ONCE) {
    const some = missing.slice(done, done + FILES_AT_ONCE);
    await Promise.all(some.map(({ path, stats }) => copyInto(join(folder, path), join(from.native, path), stats)));
  }
  for (const { source, target } of links(from.native)) await linkInto(join(folder, target), join(folder, source));
  return folder;
}

function sourceFiles(native: string): { path: string; stats: Stats }[] {
  return readdirSync(native, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "pg-symlinks.json")
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(native, file), stats: lstatSync(file) }));
}

/** The links that the package names, with its own folder's name taken off the front. */
function links(native: string): { source: string; target: string }[] {
  const listed = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  return listed.map(({ source, target }) => ({
    source: relative("native", source),
    target: relative("native", target),
  }));
}

function sameSize(file: string, wanted: Stats): boolean {
  const found = lstatSync(file, { throwIfNoEntry: false });
  return found?.isFile() === true && found.size === wanted.size;
}

async function copyInto(target: string, source: string, { mode }: Stats): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  const unfinished = `${target}.${randomUUID()}`;
  await copyFile(source, unfinished, constants.COPYFILE_FICLONE);
  await chmod(unfinished, mode & 0o111 ? 0o755 : 0o644);
  await rename(unfinished, target);
}

async function linkInto(target: string, source: string): Promise<void> {
  if (lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const unfinished = `${target}.${randomUUID()}`;
  await symlink(relative(dirname(target), source), unfinished);
  await rename(unfinished, target);
}
