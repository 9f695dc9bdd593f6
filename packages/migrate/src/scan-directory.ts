import { hash } from "node:crypto";
import { type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { FileProblem } from "./file-errors.ts";
import { isScriptFileName, isSqlFileName, parseFileName } from "./file-name.ts";
import type { MigrationFile } from "./migrations.ts";
import { encodingProblem, normalise } from "./normalise.ts";
import { directiveIn } from "./sql-comments.ts";

/** Limits of one namespace. A string cannot hold much more than the second. */
const FILES_MAX = 100_000;
const FILE_SIZE_BYTES_MAX = 400 * 1024 * 1024;

const DIRECTIVE = Buffer.from("disable auto transaction");

export interface ScannedDirectory {
  /** In the order in which they run. */
  readonly files: readonly MigrationFile[];
  readonly problems: readonly FileProblem[];
  /** Names of other tools' migrations, which are not run. */
  readonly scripts: readonly string[];
}

/**
 * Reads and hashes the migrations in a directory, holding no file's text. Everything that is wrong is listed, so that it is mended in one go.
 *
 * Reads with the calls that block: nothing else waits for this, and a thousand small files are read three times as fast.
 */
export function scanDirectory(namespace: string, directory: string): ScannedDirectory {
  const files: MigrationFile[] = [];
  const problems: FileProblem[] = [];
  const scripts: string[] = [];
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (isSqlFileName(entry.name)) {
      const scanned = scanFile(namespace, directory, entry);
      if ("code" in scanned) problems.push(scanned);
      else files.push(scanned);
    } else if (isScriptFileName(entry.name)) scripts.push(entry.name);
  }
  files.sort((a, b) => a.number - b.number || (a.fileName < b.fileName ? -1 : 1));
  problems.push(...duplicates(files));
  if (files.length > FILES_MAX)
    problems.push(problem("MIG201", directory, `holds ${files.length} files; the limit is ${FILES_MAX}`));
  problems.sort((a, b) => (a.position.file < b.position.file ? -1 : 1));
  return { files, problems, scripts: scripts.sort() };
}

function scanFile(namespace: string, directory: string, entry: Dirent): MigrationFile | FileProblem {
  const path = join(directory, entry.name);
  const parsed = parseFileName(entry.name);
  if ("problem" in parsed) return problem(parsed.code, path, parsed.problem);
  if (!entry.isFile() && !statSync(path, { throwIfNoEntry: false })?.isFile())
    return problem("MIG209", path, "is not a file, or a link to nothing");

  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return problem("MIG209", path, `could not be read: ${(error as Error).message}`);
  }
  if (bytes.length > FILE_SIZE_BYTES_MAX)
    return problem("MIG209", path, `is ${bytes.length} bytes long; the limit is ${FILE_SIZE_BYTES_MAX}`);
  const encoding = encodingProblem(bytes);
  if (encoding !== undefined) return problem("MIG203", path, encoding);
  const content = normalise(bytes);
  if (isBlank(content)) return problem("MIG206", path, "is empty; a comment is enough");
  return {
    namespace,
    ...parsed,
    fileName: entry.name,
    path,
    hash: hashOf(content),
    sizeBytes: content.length,
    transactional: !(content.includes(DIRECTIVE) && directiveIn(content.toString("utf8")) !== undefined),
  };
}

/** The identity of a normalised text, as the ledger keeps it. In one call: a hash object for each file is three times as slow. */
export function hashOf(content: Buffer): string {
  return `sha256:${hash("sha256", content, "hex")}`;
}

function duplicates(files: readonly MigrationFile[]): readonly FileProblem[] {
  return files.flatMap((file, index) => {
    const before = files[index - 1];
    if (before?.number !== file.number) return [];
    return [problem("MIG202", file.path, `has the number of ${before.fileName}: a number is one file's`)];
  });
}

function isBlank(content: Buffer): boolean {
  for (const byte of content) if (byte !== 0x20 && (byte < 0x09 || byte > 0x0d)) return false;
  return true;
}

function problem(code: string, file: string, message: string): FileProblem {
  return { code, message, position: { file, line: 1 } };
}
