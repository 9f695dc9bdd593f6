import { directiveIn } from "../sql-comments.ts";
import type { RawFinding } from "./lint-finding.ts";
import type { LintedFile } from "./linted-file.ts";
import { asList, asNode, type ParsedStatement } from "./parse-sql.ts";

/** MIG401: what Postgres refuses inside a transaction, in a file that runs in one; and a file without one that needs none. */
export function* transactionRule({ file, text, sql }: LintedFile): Iterable<RawFinding> {
  const refused = sql.statements.flatMap((statement) => {
    const what = refusedInTransaction(statement);
    return what === undefined ? [] : [{ what, offset: statement.offset }];
  });
  if (file.transactional) {
    for (const { what, offset } of refused)
      yield {
        rule: "MIG401",
        severity: "error",
        message: `${what} cannot run inside a transaction, and this file runs in one`,
        hint: "put it into a file of its own with the comment `-- disable auto transaction`",
        offset,
      };
  } else if (refused.length === 0 && !sql.statements.some(wantsOwnCommit))
    yield {
      rule: "MIG401",
      severity: "warning",
      message: "nothing in this file needs to run without a transaction, and a failure leaves it half done",
      hint: "remove `-- disable auto transaction`",
      offset: directiveIn(text)?.offset,
    };
}

/** MIG402: `create index concurrently` that cannot be checked or repaired afterwards. */
export function* concurrentIndexRule({ sql }: LintedFile): Iterable<RawFinding> {
  for (const { kind, node, offset } of sql.statements) {
    if (kind !== "IndexStmt" || node.concurrent !== true) continue;
    if (node.idxname === undefined)
      yield {
        rule: "MIG402",
        severity: "error",
        message:
          "create index concurrently without a name: a failed attempt leaves an invalid index that cannot be found again",
        hint: "name the index",
        offset,
      };
    if (node.if_not_exists === true)
      yield {
        rule: "MIG402",
        severity: "error",
        message: "create index concurrently if not exists takes the invalid index of a failed attempt for done",
        hint: "leave out `if not exists`: a run that is resumed drops its own invalid index first",
        offset,
      };
  }
}

function refusedInTransaction({ kind, node }: ParsedStatement): string | undefined {
  switch (kind) {
    case "IndexStmt":
      return node.concurrent === true ? "create index concurrently" : undefined;
    case "DropStmt":
      return node.concurrent === true ? "drop index concurrently" : undefined;
    case "ReindexStmt":
      return reindex(node);
    case "VacuumStmt":
      return node.is_vacuumcmd === true ? "vacuum" : undefined;
    case "ClusterStmt":
      return node.relation === undefined ? "cluster without a table" : undefined;
    case "AlterTableStmt":
      return asList(node.cmds).some((cmd) => isConcurrentDetach(cmd)) ? "detach partition concurrently" : undefined;
    case "AlterSystemStmt":
      return "alter system";
    case "CreatedbStmt":
      return "create database";
    case "DropdbStmt":
      return "drop database";
    case "CreateTableSpaceStmt":
      return "create tablespace";
    case "DropTableSpaceStmt":
      return "drop tablespace";
    default:
      return undefined;
  }
}

function reindex(node: ParsedStatement["node"]): string | undefined {
  const concurrently = asList(node.params).some((each) => asNode(asNode(each).DefElem).defname === "concurrently");
  if (concurrently) return "reindex concurrently";
  const whole = ["REINDEX_OBJECT_SCHEMA", "REINDEX_OBJECT_SYSTEM", "REINDEX_OBJECT_DATABASE"];
  return whole.includes(String(node.kind)) ? "reindex of more than a table" : undefined;
}

function isConcurrentDetach(cmd: unknown): boolean {
  const command = asNode(asNode(cmd).AlterTableCmd);
  return command.subtype === "AT_DetachPartition" && asNode(asNode(command.def).PartitionCmd).concurrent === true;
}

/** A new enum value can be used after a commit only; a procedure or a block may commit by itself. */
function wantsOwnCommit({ kind }: ParsedStatement): boolean {
  return kind === "AlterEnumStmt" || kind === "CallStmt" || kind === "DoStmt";
}
