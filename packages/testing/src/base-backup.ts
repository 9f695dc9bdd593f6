import { constants } from "node:fs";
import { chown, copyFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Account } from "./account.ts";
import { makeFolder } from "./data-folder.ts";
import { FolderError } from "./errors.ts";
import { withSession } from "./session.ts";

// What a base backup leaves out: a standby fetches the log from the primary, and the rest is the running server's own.
const EMPTIED = [
  "pg_wal",
  "pg_replslot",
  "pg_dynshmem",
  "pg_notify",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
  "pg_subtrans",
];
const LEFT_OUT =
  /^(postmaster\.(pid|opts)|standby\.signal|recovery\.signal|backup_label|pgsql_tmp.*|pg_internal\.init.*)$/;

/**
 * Copies the data of a server that runs into a folder from which a standby can start, as pg_basebackup does, which npm does not have.
 *
 * @throws {FolderError} The server has tablespaces elsewhere. Nothing was copied.
 */
export async function baseBackup(url: string, from: string, to: string, owner: Account | undefined): Promise<void> {
  if ((await readdir(join(from, "pg_tblspc"))).length > 0) {
    throw new FolderError(
      from,
      `The server of ${from} has tablespaces, which are not copied to a replica: drop them first.`,
    );
  }
  // One session for both ends: a backup whose session is gone is given up by the server.
  await withSession(url, async (session) => {
    await session.query("select pg_backup_start('plinth replica', fast => true)");
    await copyFolder(from, to, owner);
    const { rows } = await session.query<{ labelfile: string }>(
      "select labelfile from pg_backup_stop(wait_for_archive => false)",
    );
    await writeFile(join(to, "backup_label"), rows[0]!.labelfile);
    await writeFile(join(to, "standby.signal"), "");
    if (owner !== undefined) await chown(join(to, "backup_label"), owner.uid, owner.gid);
    if (owner !== undefined) await chown(join(to, "standby.signal"), owner.uid, owner.gid);
  });
}

async function copyFolder(from: string, to: string, owner: Account | undefined): Promise<void> {
  makeFolder(to, owner);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (LEFT_OUT.test(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory() && EMPTIED.includes(entry.name)) makeFolder(target, owner);
    else if (entry.isDirectory()) await ignoringVanished(copyFolder(source, target, owner));
    else if (entry.isFile()) await ignoringVanished(copyOwned(source, target, owner));
  }
}

async function copyOwned(source: string, target: string, owner: Account | undefined): Promise<void> {
  await copyFile(source, target, constants.COPYFILE_FICLONE);
  if (owner !== undefined) await chown(target, owner.uid, owner.gid);
}

/** The server goes on while it is copied, and drops files: the log tells a standby of that. */
async function ignoringVanished(copying: Promise<void>): Promise<void> {
  try {
    await copying;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
