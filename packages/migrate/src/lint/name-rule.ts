import type { RawFinding } from "./lint-finding.ts";
import type { LintedFile } from "./linted-file.ts";
import { asList, asNode, namesIn, type ParsedStatement, type SqlNode, walkSql } from "./parse-sql.ts";

interface BareName {
  readonly name: string;
  readonly offset: number | undefined;
}

/** MIG404: a name without its schema is looked up in whatever search_path the run happens to have. */
export function* nameRule({ sql }: LintedFile): Iterable<RawFinding> {
  const temporary = new Set<string>();
  const reported = new Set<string>();
  for (const statement of sql.statements) {
    const local = new Set([...temporary, ...commonTables(statement.node)]);
    const names = [...relations(statement.node, temporary, sql.offsetOf), ...definedNames(statement)];
    for (const { name, offset = statement.offset } of names) {
      if (local.has(name) || temporary.has(name) || name.startsWith("pg_") || reported.has(name)) continue;
      reported.add(name);
      yield {
        rule: "MIG404",
        severity: "warning",
        message: `${name} has no schema: where it is depends on the search_path of the run`,
        hint: `write schema.${name}`,
        offset,
      };
    }
  }
}

function relations(
  tree: SqlNode,
  temporary: Set<string>,
  offsetOf: (location: unknown) => number | undefined,
): readonly BareName[] {
  const names: BareName[] = [];
  walkSql(tree, (node, key) => {
    // `for update of t` names an alias.
    if (key === "lockedRels") return false;
    if (typeof node.relname !== "string" || node.relpersistence === undefined) return true;
    if (node.relpersistence === "t") temporary.add(node.relname);
    else if (node.schemaname === undefined) names.push({ name: node.relname, offset: offsetOf(node.location) });
    return false;
  });
  return names;
}

/** Names that stand in a statement as lists of strings. */
function definedNames({ kind, node }: ParsedStatement): readonly BareName[] {
  const lists: unknown[] = [];
  if (kind === "CreateFunctionStmt" || kind === "CreateTrigStmt") lists.push(node.funcname);
  if (kind === "CreateEnumStmt" || kind === "CreateRangeStmt" || kind === "AlterEnumStmt") lists.push(node.typeName);
  if (kind === "CreateDomainStmt") lists.push(node.domainname);
  if (kind === "DropStmt" && SCHEMA_OBJECTS.has(String(node.removeType)))
    lists.push(...asList(node.objects).map((each) => asNode(asNode(each).ObjectWithArgs).objname ?? typeNames(each)));
  return lists.flatMap((list) => {
    const names = namesIn(list);
    return names.length === 1 ? [{ name: names[0] ?? "", offset: undefined }] : [];
  });
}

const SCHEMA_OBJECTS = new Set(
  ["TABLE", "VIEW", "MATVIEW", "INDEX", "SEQUENCE", "TYPE", "DOMAIN", "FUNCTION", "PROCEDURE", "ROUTINE"].map(
    (each) => `OBJECT_${each}`,
  ),
);

function typeNames(object: unknown): unknown {
  return asNode(asNode(object).TypeName).names ?? object;
}

function commonTables(tree: SqlNode): readonly string[] {
  const names: string[] = [];
  walkSql(tree, (node) => {
    if (typeof node.ctename === "string") names.push(node.ctename);
    return true;
  });
  return names;
}
