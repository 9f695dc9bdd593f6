import type { RawFinding } from "./lint-finding.ts";
import type { LintedFile } from "./linted-file.ts";
import { asList, asNode, namesIn, type ParsedStatement, type SqlNode } from "./parse-sql.ts";

/** MIG406: a repeatable file that would fail, or do its work twice, when it runs again. */
export function* repeatableRule({ file, sql }: LintedFile): Iterable<RawFinding> {
  if (!file.repeatable) return;
  const dropped = new Set<string>();
  for (const { kind, node, offset } of sql.statements) {
    if (kind === "DropStmt" && node.missing_ok === true) for (const name of droppedNames(node)) dropped.add(name);
    const fault = notAgain({ kind, node, offset }, dropped);
    if (fault === undefined) continue;
    yield {
      rule: "MIG406",
      severity: kind === "InsertStmt" ? "warning" : "error",
      message: `${fault}: a repeatable file runs again whenever its content changes`,
      hint: "write `create or replace`, `if not exists`, or `drop … if exists` before it; tables belong into numbered files",
      offset,
    };
  }
}

/** Statements that make something, by how they say what is to happen if it is there. */
const MAKES = new Map<string, "replace" | "if_not_exists" | undefined>([
  ["CreateFunctionStmt", "replace"],
  ["ViewStmt", "replace"],
  ["CreateTrigStmt", "replace"],
  ["RuleStmt", "replace"],
  ["CreateStmt", "if_not_exists"],
  ["CreateTableAsStmt", "if_not_exists"],
  ["CreateSeqStmt", "if_not_exists"],
  ["CreateSchemaStmt", "if_not_exists"],
  ["CreateExtensionStmt", "if_not_exists"],
  ["IndexStmt", "if_not_exists"],
  ["CreateEnumStmt", undefined],
  ["CreateRangeStmt", undefined],
  ["CompositeTypeStmt", undefined],
  ["CreateDomainStmt", undefined],
  ["CreatePolicyStmt", undefined],
  ["DefineStmt", "replace"],
]);

function notAgain({ kind, node }: ParsedStatement, dropped: ReadonlySet<string>): string | undefined {
  if (MAKES.has(kind)) {
    const flag = MAKES.get(kind);
    const name = madeName(kind, node);
    if ((flag !== undefined && (node[flag] === true || asNode(node.into)[flag] === true)) || dropped.has(name))
      return undefined;
    return `${name === "" ? "this" : name} is made without regard to one that is there`;
  }
  if (kind === "DropStmt")
    return node.missing_ok === true ? undefined : `${droppedNames(node).join(", ")} is dropped without \`if exists\``;
  if (kind === "RenameStmt") return "something is renamed";
  if (kind === "AlterEnumStmt")
    return node.skipIfNewValExists === true ? undefined : "a value is added without `if not exists`";
  if (kind === "AlterTableStmt")
    return asList(node.cmds).some(isAddition) ? "a column or constraint is added" : undefined;
  if (kind === "InsertStmt")
    return node.onConflictClause === undefined ? "rows are inserted without `on conflict`" : undefined;
  return undefined;
}

function isAddition(cmd: unknown): boolean {
  const { subtype, missing_ok } = asNode(asNode(cmd).AlterTableCmd);
  return (subtype === "AT_AddColumn" && missing_ok !== true) || subtype === "AT_AddConstraint";
}

function madeName(kind: string, node: SqlNode): string {
  if (kind === "CreateTrigStmt") return [...relationNames(node.relation), String(node.trigname)].join(".");
  if (kind === "CreatePolicyStmt") return [...relationNames(node.table), String(node.policy_name)].join(".");
  if (kind === "RuleStmt") return [...relationNames(node.relation), String(node.rulename)].join(".");
  // An index is where its table is.
  if (kind === "IndexStmt") return [...relationNames(node.relation).slice(0, -1), String(node.idxname ?? "")].join(".");
  if (kind === "CreateSchemaStmt") return String(node.schemaname);
  const relation = node.relation ?? node.view ?? node.typevar ?? node.sequence ?? asNode(node.into).rel;
  if (relation !== undefined) return relationNames(relation).join(".");
  return namesIn(node.funcname ?? node.typeName ?? node.domainname ?? node.defnames).join(".");
}

function relationNames(relation: unknown): readonly string[] {
  const { schemaname, relname } = asNode(relation);
  return [schemaname, relname].filter((part) => typeof part === "string");
}

function droppedNames(node: SqlNode): readonly string[] {
  return asList(node.objects).map((object) => {
    const each = asNode(object);
    const names = asNode(each.ObjectWithArgs).objname ?? asNode(each.TypeName).names;
    return typeof asNode(each.String).sval === "string"
      ? String(asNode(each.String).sval)
      : namesIn(names ?? object).join(".");
  });
}
