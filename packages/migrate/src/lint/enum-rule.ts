import type { RawFinding } from "./lint-finding.ts";
import type { LintedFile } from "./linted-file.ts";
import { asNode, namesIn, walkSql } from "./parse-sql.ts";

/** MIG407: a new value of an enum is used in the transaction that adds it, which Postgres refuses (55P04). */
export function* enumRule({ file, sql }: LintedFile): Iterable<RawFinding> {
  if (!file.transactional) return;
  const added = new Map<string, string>();
  for (const { kind, node, offset } of sql.statements) {
    if (kind === "AlterEnumStmt" && typeof node.newVal === "string" && node.oldVal === undefined)
      added.set(node.newVal, namesIn(node.typeName).join("."));
    else if (added.size > 0) {
      const used: { value: string; offset: number }[] = [];
      walkSql(node, (each) => {
        const value = asNode(asNode(each.A_Const).sval).sval;
        if (typeof value === "string" && added.has(value))
          used.push({ value, offset: sql.offsetOf(asNode(each.A_Const).location) ?? offset });
        return true;
      });
      for (const { value, offset: place } of used)
        yield {
          rule: "MIG407",
          severity: "error",
          message: `${JSON.stringify(value)} was added to ${added.get(value)} above, and cannot be used before that is committed`,
          hint: "add the value in a file of its own before this one, with `-- disable auto transaction`",
          offset: place,
        };
    }
  }
}
