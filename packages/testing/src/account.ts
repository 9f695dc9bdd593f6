import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { FolderError, ServerAccountError } from "./errors.ts";

/** The account that servers run as: another than this process's only when that one is root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/**
 * Postgres and PgBouncer refuse to run as root. Root runs them as `nobody`, who owns nothing else.
 *
 * @returns `undefined` when servers can run as this process's own user.
 * @throws {ServerAccountError} This is root and the machine knows no `nobody`.
 */
export function serverAccount(passwd = "/etc/passwd"): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const nobody = entries(passwd).find(({ name, uid }) => name === "nobody" && uid > 0);
  if (nobody !== undefined) return nobody;
  throw new ServerAccountError(
    `This process is root, as which Postgres refuses to run, and ${passwd} has no user "nobody" to run it as: run as another user, or set TEST_DATABASE_URL.`,
  );
}

function entries(passwd: string): Account[] {
  return readFileSync(passwd, "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .map(([name = "", , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
}

/**
 * Makes sure that the server's account can reach `folder`: every folder above it must let that account through.
 *
 * @throws {FolderError} One of them does not; it is named.
 */
export function checkReachable(folder: string, account: Account | undefined): void {
  if (account === undefined) return;
  for (let path = dirname(resolve(folder)); ; path = dirname(path)) {
    const { mode, uid, gid } = statSync(path);
    const enterable = uid === account.uid ? mode & 0o100 : gid === account.gid ? mode & 0o010 : mode & 0o001;
    if (enterable === 0) {
      throw new FolderError(
        path,
        `The server runs as "${account.name}", since this process is root, and "${account.name}" may not enter ${path}, which is above ${folder}: ` +
          "use a folder below one that everybody may enter (TMPDIR, dataDirectory), or run as another user.",
      );
    }
    if (path === dirname(path)) return;
  }
}
