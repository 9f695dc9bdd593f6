import { topLevelComments } from "../sql-comments.ts";
import type { RawFinding } from "./lint-finding.ts";
import type { LintedFile } from "./linted-file.ts";
import { asList, asNode, namesIn, type ParsedStatement } from "./parse-sql.ts";

const NOTE = /^\s*migrate: contract\b/;
const DATA = new Map([
  ["OBJECT_TABLE", "table"],
  ["OBJECT_MATVIEW", "materialized view"],
  ["OBJECT_VIEW", "view"],
  ["OBJECT_SEQUENCE", "sequence"],
  ["OBJECT_SCHEMA", "schema"],
  ["OBJECT_TYPE", "type"],
  ["OBJECT_FOREIGN_TABLE", "foreign table"],
]);

/** MIG408: data or names that running code may still use go away, and nobody says that it no longer does. */
export function* dropRule({ file, text, sql }: LintedFile): Iterable<RawFinding> {
  // A repeatable file makes again what it drops.
  if (file.repeatable || topLevelComments(text).some((comment) => NOTE.test(comment.text))) return;
  const made = new Set<string>();
  for (const statement of sql.statements) {
    const { kind, node, offset } = statement;
    if (kind === "CreateStmt") made.add(relationName(node.relation));
    for (const { what, table } of drops(statement)) {
      if (made.has(table)) continue;
      yield {
        rule: "MIG408",
        severity: "error",
        message: `${what} is dropped, and code of the release before may still use it`,
        hint: "once no release that runs uses it, say so: `-- migrate: contract <what was released before>`",
        offset,
      };
    }
  }
}

function drops({ kind, node }: ParsedStatement): readonly { what: string; table: string }[] {
  if (kind === "DropStmt") {
    const what = DATA.get(String(node.removeType));
    if (what === undefined) return [];
    return asList(node.objects).map((object) => {
      const type = asNode(asNode(object).TypeName).names;
      const name = String(asNode(asNode(object).String).sval ?? namesIn(type ?? object).join("."));
      return { what: `${what} ${name}`, table: name };
    });
  }
  if (kind !== "AlterTableStmt" || node.objtype !== "OBJECT_TABLE") return [];
  const table = relationName(node.relation);
  return asList(node.cmds).flatMap((cmd) => {
    const command = asNode(asNode(cmd).AlterTableCmd);
    return command.subtype === "AT_DropColumn" ? [{ what: `column ${table}.${command.name}`, table }] : [];
  });
}

function relationName(relation: unknown): string {
  const { schemaname, relname } = asNode(relation);
  return [schemaname, relname].filter((part) => part !== undefined).join(".");
}
