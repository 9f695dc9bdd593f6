import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import { chown, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Account } from "./account.ts";

// A folder as one file: it is there as a whole or not at all, whoever is killed while making it and whatever a cleaner
// of temporary folders deletes. An entry is its path and its size, in the order in which the contents follow; a folder has no size.
type Entry = readonly [path: string, size?: number];

const HEADER_LENGTH_BYTES = 8;
const FILES_AT_ONCE = 16;

/** Writes all of a folder into one file. The folder must not change meanwhile. */
export async function pack(folder: string, target: string): Promise<void> {
  const entries: Entry[] = [];
  const contents: Buffer[] = [];
  for (const found of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(found.parentPath, found.name);
    const path = relative(folder, file);
    if (found.isDirectory()) {
      entries.push([path]);
      continue;
    }
    const content = await readFile(file);
    entries.push([path, content.length]);
    contents.push(content);
  }
  const header = Buffer.from(JSON.stringify(entries));
  const length = Buffer.alloc(HEADER_LENGTH_BYTES);
  length.writeBigUInt64BE(BigInt(header.length));
  const unfinished = `${target}.${randomUUID()}`;
  await writeFile(unfinished, Buffer.concat([length, header, ...contents]));
  await rename(unfinished, target);
}

/** Writes what {@link pack} read into an empty folder, for nobody but its owner to read. */
export async function unpack(source: string, folder: string, owner: Account | undefined): Promise<void> {
  const whole = await readFile(source);
  const headerEnd = HEADER_LENGTH_BYTES + Number(whole.readBigUInt64BE(0));
  const entries = JSON.parse(whole.toString("utf8", HEADER_LENGTH_BYTES, headerEnd)) as Entry[];
  for (const [path, size] of entries) {
    if (size !== undefined) continue;
    await mkdir(join(folder, path), { recursive: true, mode: 0o700 });
    if (owner !== undefined) await chown(join(folder, path), owner.uid, owner.gid);
  }
  let offset = headerEnd;
  let writing: Promise<void>[] = [];
  for (const [path, size] of entries) {
    if (size === undefined) continue;
    writing.push(writeOwned(join(folder, path), whole.subarray(offset, offset + size), owner));
    offset += size;
    if (writing.length < FILES_AT_ONCE) continue;
    await Promise.all(writing);
    writing = [];
  }
  await Promise.all(writing);
}

async function writeOwned(file: string, content: Buffer, owner: Account | undefined): Promise<void> {
  await writeFile(file, content, { mode: 0o600 });
  if (owner !== undefined) await chown(file, owner.uid, owner.gid);
}
