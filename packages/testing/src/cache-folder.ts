import { lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FolderError } from "./errors.ts";

/**
 * This user's folder for what is made once per version of Postgres and used by every run: below the system's temporary
 * folder, so that it is always writable and may be deleted at any time.
 *
 * @throws {FolderError} Somebody else made a folder of that name, or others may write there: programs in it could be theirs.
 */
export function cacheFolder(version: string): string {
  const uid = process.getuid?.() ?? 0;
  const folder = join(tmpdir(), `plinth-postgres-${version}-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const found = lstatSync(folder);
  if (found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0) return folder;
  throw new FolderError(
    folder,
    `${folder} must be a folder of user ${uid} that nobody else may write to, since programs are run from it: remove it, or set TMPDIR to another folder.`,
  );
}
