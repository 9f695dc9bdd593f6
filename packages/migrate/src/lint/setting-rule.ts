import type { RawFinding } from "./lint-finding.ts";
import type { LintedFile } from "./linted-file.ts";
import { asList, asNode, namesIn, type SqlNode } from "./parse-sql.ts";

/** MIG403: a setting or a role that outlives its transaction. Without a transaction there is no `set local`. */
export function* settingRule({ file, sql }: LintedFile): Iterable<RawFinding> {
  if (!file.transactional) return;
  for (const { kind, node, offset } of sql.statements) {
    const name =
      kind === "VariableSetStmt" ? sessionSetting(node) : kind === "SelectStmt" ? setConfig(node) : undefined;
    if (name === undefined) continue;
    yield {
      rule: "MIG403",
      severity: "error",
      message: `${name} is set for the session, and so for the files after this one`,
      hint: "write `set local`, or the third argument of set_config as true",
      offset,
    };
  }
}

function sessionSetting(node: SqlNode): string | undefined {
  const sets = ["VAR_SET_VALUE", "VAR_SET_DEFAULT", "VAR_SET_CURRENT"].includes(String(node.kind));
  return sets && node.is_local !== true ? String(node.name) : undefined;
}

/** `select pg_catalog.set_config('search_path', '', false)`: the first lines of a dump. */
function setConfig(node: SqlNode): string | undefined {
  for (const target of asList(node.targetList)) {
    const call = asNode(asNode(asNode(asNode(target).ResTarget).val).FuncCall);
    if (namesIn(call.funcname).at(-1) !== "set_config") continue;
    const [name, , local] = asList(call.args).map((each) => asNode(asNode(each).A_Const));
    // A false constant is an empty node.
    if (local?.boolval !== undefined && asNode(local.boolval).boolval !== true)
      return String(asNode(name?.sval).sval ?? "a setting");
  }
  return undefined;
}
