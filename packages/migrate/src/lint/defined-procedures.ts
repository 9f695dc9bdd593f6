import type { Annotation } from "../annotations.ts";
import type { LockedArgument, LockedColumn, LockedProcedure } from "../call-compatible.ts";
import { asList, asNode, namesIn, type ParsedSql, parseSql, type SqlNode } from "./parse-sql.ts";

/** A function as its `create` statement writes it. Types are spelt as Postgres' parser spells them. */
export interface DefinedFunction {
  readonly schema: string;
  readonly name: string;
  readonly args: readonly LockedArgument[];
  /** Nothing if only the catalog knows: a table's rows, a single value. */
  readonly columns: readonly LockedColumn[] | undefined;
  readonly offset: number;
}

const IN = new Set(["FUNC_PARAM_DEFAULT", "FUNC_PARAM_IN", "FUNC_PARAM_INOUT", "FUNC_PARAM_VARIADIC"]);
const OUT = new Set(["FUNC_PARAM_TABLE", "FUNC_PARAM_OUT", "FUNC_PARAM_INOUT"]);

/** The functions that a file makes and leaves in place. */
export function definedFunctions(sql: ParsedSql): readonly DefinedFunction[] {
  const functions = new Map<string, DefinedFunction>();
  for (const { kind, node, offset } of sql.statements) {
    if (kind === "DropStmt" && node.removeType === "OBJECT_FUNCTION")
      for (const object of asList(node.objects))
        functions.delete(namesIn(asNode(asNode(object).ObjectWithArgs).objname).join("."));
    if (kind !== "CreateFunctionStmt" || node.is_procedure === true) continue;
    const names = namesIn(node.funcname);
    const [schema = "", name = ""] = names.length === 2 ? names : ["", names[0]];
    const { args, columns } = parametersOf(node);
    functions.set(names.join("."), { schema, name, args, columns: columns.length > 0 ? columns : undefined, offset });
  }
  return [...functions.values()];
}

/**
 * A function as the lock's promise can be compared with it: what the file does not say is taken from the promise, since only the catalog can
 * tell, and `apply` asks it.
 */
export function asLocked(
  found: DefinedFunction,
  annotation: Annotation,
  promised: LockedProcedure | undefined,
): LockedProcedure {
  const comparable = promised === undefined || (promised.returns !== "scalar" && promised.returns !== "void");
  const columns = comparable ? found.columns : undefined;
  const { schema, name, mode, returns, service, since, deprecated } = annotation;
  return {
    schema,
    name,
    mode,
    returns,
    service,
    since,
    deprecated,
    args: found.args,
    columns: columns ?? promised?.columns ?? [],
  };
}

/** A promise with its types spelt as the parser spells them: `bigint` and `int8` are one type. Types that it cannot read stay as they are. */
export async function spellTypes(procedures: readonly LockedProcedure[]): Promise<readonly LockedProcedure[]> {
  const types = [...new Set(procedures.flatMap((each) => [...each.args, ...each.columns].map(({ type }) => type)))];
  const spelt = new Map<string, string>();
  for (const type of types) {
    const parsed = await parseSql(`create function x(a ${type}) returns void`);
    const first = "fault" in parsed ? undefined : parsed.statements[0];
    const [arg] = first === undefined ? [] : parametersOf(first.node).args;
    spelt.set(type, arg?.type ?? type);
  }
  const spell = <Value extends { readonly type: string }>(value: Value): Value => ({
    ...value,
    type: spelt.get(value.type) ?? value.type,
  });
  return procedures.map((each) => ({ ...each, args: each.args.map(spell), columns: each.columns.map(spell) }));
}

function parametersOf(node: SqlNode): { args: LockedArgument[]; columns: LockedColumn[] } {
  const args: LockedArgument[] = [];
  const columns: LockedColumn[] = [];
  for (const parameter of asList(node.parameters)) {
    const { name = "", argType, mode, defexpr } = asNode(asNode(parameter).FunctionParameter);
    const value = { name: String(name), type: typeText(asNode(argType)) };
    if (IN.has(String(mode))) args.push({ ...value, hasDefault: defexpr !== undefined });
    if (OUT.has(String(mode))) columns.push(value);
  }
  return { args, columns };
}

/** Lengths and precisions are not part of a function's signature. */
function typeText(type: SqlNode): string {
  const names = namesIn(type.names);
  const name = (names[0] === "pg_catalog" ? names.slice(1) : names).join(".");
  return `${type.setof === true ? "setof " : ""}${name}${"[]".repeat(asList(type.arrayBounds).length > 0 ? 1 : 0)}`;
}
