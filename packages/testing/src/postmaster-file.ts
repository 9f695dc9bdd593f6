import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FolderError } from "./errors.ts";
import { programOf } from "./process-state.ts";

const POLL_MS = 10;
/** How long a server that is being ended by its keeper may still hold its folder. */
const LEAVING_MS = 3_000;
const STATUS_LINE = 7;

/** What the server of `pid` says of itself in its `postmaster.pid`, the way pg_ctl learns that it is up. */
export function isReady(dataDirectory: string, pid: number): boolean {
  const lines = read(dataDirectory);
  return Number(lines[0]) === pid && lines[STATUS_LINE]?.trim() === "ready";
}

/**
 * Makes way for a server to start on a folder whose last server may have been killed.
 *
 * Postgres refuses to start while the process that `postmaster.pid` names is alive, and takes for it whatever process has
 * that number now, a dead one that nobody has waited for included. Where that process is no Postgres, the file is made to
 * name the coming server's parent, which Postgres knows not to be a rival. It still checks that no process of the old
 * server uses the memory that the file names.
 *
 * @throws {FolderError} A server runs in that folder.
 */
export async function makeWay(dataDirectory: string): Promise<void> {
  const deadline = Date.now() + LEAVING_MS;
  for (;;) {
    const lines = read(dataDirectory);
    const pid = Number(lines[0]);
    if (lines.length < 2) return;
    if (!programOf(pid)?.includes("postgres")) {
      writeFileSync(join(dataDirectory, "postmaster.pid"), [String(process.pid), ...lines.slice(1)].join("\n"));
      return;
    }
    if (Date.now() > deadline) {
      throw new FolderError(
        dataDirectory,
        `A Postgres (process ${pid}) already runs in ${dataDirectory}, on port ${lines[3]}: stop it, or use another dataDirectory.`,
        { retryable: true },
      );
    }
    await sleep(POLL_MS);
  }
}

function read(dataDirectory: string): string[] {
  try {
    return readFileSync(join(dataDirectory, "postmaster.pid"), "utf8").split("\n");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
