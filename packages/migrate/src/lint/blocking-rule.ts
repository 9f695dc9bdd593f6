import type { RawFinding } from "./lint-finding.ts";
import type { LintedFile } from "./linted-file.ts";
import { asList, asNode, type ParsedSql, type ParsedStatement, type SqlNode } from "./parse-sql.ts";

interface Fault {
  readonly table: string;
  readonly rule: "MIG421" | "MIG422";
  readonly message: string;
  readonly hint: string;
}

/**
 * MIG421: a statement that keeps others from a table for as long as the table is large, or that fails where it has rows. MIG422: a name goes away that
 * the code of the release before still uses. Warnings: only who knows the table knows whether it matters. A table that no release had yet has neither
 * rows nor users.
 */
export function* blockingRule({ file, sql, unreleased }: LintedFile): Iterable<RawFinding> {
  if (file.repeatable || !file.transactional || unreleased === undefined) return;
  const made = new Set([...unreleased, ...madeTables(sql)]);
  for (const statement of sql.statements)
    for (const { table, ...fault } of faultsOf(statement))
      if (!made.has(table)) yield { ...fault, severity: "warning", offset: statement.offset };
}

/** The tables that a file makes, under whatever name they get in it. */
export function madeTables(sql: ParsedSql): readonly string[] {
  const made = new Set<string>();
  for (const { kind, node } of sql.statements) {
    if (kind === "CreateStmt") made.add(nameOf(node.relation));
    if (kind === "CreateTableAsStmt") made.add(nameOf(asNode(node.into).rel));
    if (kind !== "RenameStmt" || node.renameType !== "OBJECT_TABLE" || !made.has(nameOf(node.relation))) continue;
    made.add(nameOf({ ...asNode(node.relation), relname: node.newname }));
  }
  return [...made];
}

function faultsOf({ kind, node }: ParsedStatement): readonly Fault[] {
  const table = nameOf(node.relation);
  switch (kind) {
    case "IndexStmt":
      return node.concurrent === true ? [] : [slowIndex(table)];
    case "AlterTableStmt":
      return node.objtype === "OBJECT_TABLE"
        ? asList(node.cmds).flatMap((cmd) => alteration(table, asNode(asNode(cmd).AlterTableCmd)))
        : [];
    case "RenameStmt":
      return rename(table, node);
    case "UpdateStmt":
    case "DeleteStmt":
      return node.whereClause === undefined ? [wholeTable(table, kind === "UpdateStmt" ? "update" : "delete")] : [];
    case "LockStmt":
      return asList(node.relations).map((each) => locked(nameOf(asNode(each).RangeVar)));
    default:
      return [];
  }
}

function slowIndex(table: string): Fault {
  return {
    ...{ table, rule: "MIG421" },
    message: `the index is built while nobody can write to ${table}`,
    hint: "on a table of any size: create index concurrently, in a file of its own with `-- disable auto transaction`",
  };
}

function alteration(table: string, command: SqlNode): readonly Fault[] {
  const column = `${table}.${String(command.name ?? asNode(asNode(command.def).ColumnDef).colname)}`;
  if (command.subtype === "AT_AddColumn" && isEmptyNotNull(asNode(asNode(command.def).ColumnDef)))
    return [
      {
        ...{ table, rule: "MIG421" },
        message: `${column} is not null and has no default: this fails where ${table} has rows`,
        hint: "give it a default; or add it without not null, fill it, and set not null in a later file",
      },
    ];
  if (command.subtype === "AT_AlterColumnType")
    return [
      {
        ...{ table, rule: "MIG421" },
        message: `another type for ${column} may write all of ${table} anew, while nobody can read it`,
        hint: "add a new column, fill it in batches, and change over; where no rewrite is needed (a longer varchar), say so in a lint-ignore",
      },
    ];
  const constraint = asNode(asNode(command.def).Constraint);
  if (
    command.subtype === "AT_AddConstraint" &&
    constraint.contype === "CONSTR_FOREIGN" &&
    constraint.skip_validation !== true
  )
    return [
      {
        ...{ table, rule: "MIG421" },
        message: `the foreign key reads all of ${table} while nobody can write to it or to ${nameOf(constraint.pktable)}`,
        hint: "add it `not valid`, and `validate constraint` in a later file: that lets writers pass",
      },
    ];
  return [];
}

function isEmptyNotNull(column: SqlNode): boolean {
  const kinds = asList(column.constraints).map((each) => asNode(asNode(each).Constraint).contype);
  const filled = ["CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED"].some((kind) => kinds.includes(kind));
  const type = asList(asNode(column.typeName).names).map((each) => String(asNode(asNode(each).String).sval));
  const serial = /^(?:big|small)?serial[248]?$/.test(type.at(-1) ?? "");
  return !filled && !serial && (kinds.includes("CONSTR_NOTNULL") || kinds.includes("CONSTR_PRIMARY"));
}

function rename(table: string, node: SqlNode): readonly Fault[] {
  const isTable = node.renameType === "OBJECT_TABLE";
  if (!isTable && (node.renameType !== "OBJECT_COLUMN" || node.relationType !== "OBJECT_TABLE")) return [];
  const what = isTable ? table : `${table}.${String(node.subname)}`;
  return [
    {
      ...{ table, rule: "MIG422" },
      message: `${what} gets another name, and what was not written anew with it fails: other packages' files, bodies that are text`,
      hint: "see that everything that uses it is replaced in this batch, and say so in a lint-ignore",
    },
  ];
}

function wholeTable(table: string, verb: string): Fault {
  return {
    ...{ table, rule: "MIG421" },
    message: `${verb} without where: every row of ${table} is written and locked until the batch commits`,
    hint: "for a large table, in batches from outside; where all of it is meant and small, say so in a lint-ignore",
  };
}

function locked(table: string): Fault {
  return {
    ...{ table, rule: "MIG421" },
    message: `${table} is locked until the batch commits`,
    hint: "leave it to the statements to lock what they need; where it has to be, put it into a file that does little else",
  };
}

function nameOf(relation: unknown): string {
  const { schemaname, relname } = asNode(relation);
  return [schemaname, relname].filter((part) => part !== undefined).join(".");
}
