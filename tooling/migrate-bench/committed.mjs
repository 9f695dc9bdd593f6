import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes the files once more as graphile-migrate commits them: each with the hash of itself and the one before. */
export function writeCommitted(directory, paths) {
  const folder = join(directory, "graphile", "committed");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(directory, "graphile", "current.sql"), "");
  let previous = "";
  for (const [index, path] of paths.entries()) {
    const body = readFileSync(path, "utf8").trim();
    const hash = `sha1:${createHash("sha1")
      .update(`${`${previous}\n${body}`.trim()}\n`)
      .digest("hex")}`;
    const name = `${String(index + 1).padStart(6, "0")}.sql`;
    writeFileSync(join(folder, name), `--! Previous: ${previous || "-"}\n--! Hash: ${hash}\n\n${body}\n`);
    previous = hash;
  }
}
