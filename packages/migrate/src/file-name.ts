/** What a migration's file name says. */
export interface FileName {
  readonly number: number;
  readonly repeatable: boolean;
  readonly name: string;
}

export const NUMBER_MAX = 999_999_999;

/** Enough for any description; file systems end at 255 bytes. */
const FILE_NAME_LENGTH_MAX = 200;

const SHAPE = /^(\d+)(-r)?-([a-z0-9][a-z0-9._-]*)\.sql$/;
const EXPECTED = "NNN-name.sql or NNN-r-name.sql, of lower-case letters, digits, dots, dashes and underscores";

/** Whether a directory's entry is meant as a migration at all. Other extensions and dot files are nobody's business here. */
export function isSqlFileName(fileName: string): boolean {
  return !fileName.startsWith(".") && fileName.toLowerCase().endsWith(".sql");
}

/** `003-users.js`: a migration of another tool, which would be skipped in silence. */
export function isScriptFileName(fileName: string): boolean {
  return /^\d+[-_].*\.[cm]?[jt]s$/.test(fileName);
}

/** The parts of a file name, or what is wrong with it: the whole name counts, so `x-001-a.sql` and `001-a.sql.bak.sql` are refused. */
export function parseFileName(fileName: string): FileName | { readonly code: "MIG201" | "MIG207"; problem: string } {
  const match = SHAPE.exec(fileName);
  if (match === null) return { code: "MIG201", problem: `expected a name like ${EXPECTED}` };
  const [, digits = "", repeatable, name = ""] = match;
  if (name.includes(".sql")) return { code: "MIG201", problem: "the name holds .sql twice, like a copy" };
  if (name === "r" && repeatable === undefined) return { code: "MIG201", problem: "there is no name after -r" };
  if (fileName.length > FILE_NAME_LENGTH_MAX)
    return { code: "MIG201", problem: `the name is longer than ${FILE_NAME_LENGTH_MAX} characters` };
  const number = Number(digits);
  if (number > NUMBER_MAX) return { code: "MIG207", problem: `the number is above ${NUMBER_MAX}` };
  return { number, repeatable: repeatable !== undefined, name };
}
