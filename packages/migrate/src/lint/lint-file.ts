import type { MigrationFile } from "../migrations.ts";
import { blockingRule } from "./blocking-rule.ts";
import { directiveRule } from "./directive-rule.ts";
import { dropRule } from "./drop-rule.ts";
import { enumRule } from "./enum-rule.ts";
import { grantRule } from "./grant-rule.ts";
import type { RawFinding } from "./lint-finding.ts";
import type { FileRule, LintedFile } from "./linted-file.ts";
import { nameRule } from "./name-rule.ts";
import { PARSED_CHARACTERS_MAX, parseSql } from "./parse-sql.ts";
import { procedureRule } from "./procedure-rule.ts";
import { repeatableRule } from "./repeatable-rule.ts";
import { settingRule } from "./setting-rule.ts";
import { concurrentIndexRule, transactionRule } from "./transaction-rules.ts";

const RULES: readonly FileRule[] = [
  transactionRule,
  concurrentIndexRule,
  settingRule,
  nameRule,
  directiveRule,
  repeatableRule,
  enumRule,
  dropRule,
  grantRule,
  procedureRule,
  blockingRule,
];

/** What a file's own text says. A text that Postgres' grammar refuses is one finding (MIG400). */
export async function lintFile(
  file: MigrationFile,
  text: string,
  about: Pick<LintedFile, "hasAccessFile" | "unreleased">,
): Promise<readonly RawFinding[]> {
  if (text.length > PARSED_CHARACTERS_MAX) {
    const message = `not looked at: ${file.fileName} is longer than ${PARSED_CHARACTERS_MAX} characters`;
    return [{ rule: "MIG400", severity: "warning", message, offset: undefined }];
  }
  const sql = await parseSql(text);
  if ("fault" in sql) return [{ rule: "MIG400", ...sql.fault }];
  return RULES.flatMap((rule) => [...rule({ file, text, sql, ...about })]);
}
