import type { RawFinding } from "./lint-finding.ts";
import type { LintedFile } from "./linted-file.ts";
import { asList, asNode, type SqlNode } from "./parse-sql.ts";

/** MIG411: rights, owners and roles in a file, where access.json says who may do what: the next run would take them back. */
export function* grantRule({ hasAccessFile, sql }: LintedFile): Iterable<RawFinding> {
  if (!hasAccessFile) return;
  for (const { kind, node, offset } of sql.statements) {
    const what = rights(kind, node);
    if (what === undefined) continue;
    yield {
      rule: "MIG411",
      severity: "error",
      message: `${what} in a migration: rights are kept in access.json, and every run makes the database agree with it`,
      hint: "put it into access.json; roles and passwords are made outside, by whoever operates the database",
      offset,
    };
  }
}

function rights(kind: string, node: SqlNode): string | undefined {
  switch (kind) {
    // To revoke is never to let in.
    case "GrantStmt":
      return node.is_grant === true ? "grant" : undefined;
    case "GrantRoleStmt":
      return "membership in a role";
    case "AlterDefaultPrivilegesStmt":
      return "default privileges";
    case "AlterOwnerStmt":
      return "a change of owner";
    case "AlterTableStmt":
      return asList(node.cmds).some((cmd) => asNode(asNode(cmd).AlterTableCmd).subtype === "AT_ChangeOwner")
        ? "a change of owner"
        : undefined;
    case "CreateRoleStmt":
    case "AlterRoleStmt":
    case "AlterRoleSetStmt":
    case "DropRoleStmt":
      return "a role";
    default:
      return undefined;
  }
}
