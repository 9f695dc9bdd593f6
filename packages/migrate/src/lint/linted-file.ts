import type { MigrationFile } from "../migrations.ts";
import type { RawFinding } from "./lint-finding.ts";
import type { ParsedSql } from "./parse-sql.ts";

/** A file as the rules see it. */
export interface LintedFile {
  readonly file: MigrationFile;
  readonly text: string;
  readonly sql: ParsedSql;
  /** Whether grants are kept in an access.json, and so not in files. */
  readonly hasAccessFile: boolean;
  /** The tables that files of the namespace make which no release had yet; `undefined`: this file was released itself. */
  readonly unreleased: ReadonlySet<string> | undefined;
}

/** Looks at one file by itself. */
export type FileRule = (linted: LintedFile) => Iterable<RawFinding>;
