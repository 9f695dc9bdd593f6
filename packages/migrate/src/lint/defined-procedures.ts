import type { Annotation } from "../annotations.ts";
import type { LockedArgument, LockedColumn, LockedProcedure } from "../call-compatible.ts";
import type { CatalogProcedure } from "../catalog/catalog-procedure.ts";
import { asList, asNode, namesIn, type ParsedSql, parseSql, type SqlNode } from "./parse-sql.ts";

/** A function as its `create` statement writes it. Types are spelt as Postgres' parser spells them. */
export interface DefinedFunction {
  readonly schema: string;
  readonly name: string;
  readonly args: readonly (LockedArgument & { readonly variadic: boolean })[];
  /** Nothing if only the catalog knows: a table's rows, a single value. */
  readonly columns: readonly LockedColumn[] | undefined;
  readonly result: { readonly type: string; readonly isSet: boolean };
  readonly form: Pick<CatalogProcedure, "volatility" | "securityDefiner" | "pinned">;
  readonly offset: number;
}

/** A function that a statement drops. */
export interface DroppedFunction {
  /** `schema.name` */
  readonly name: string;
  /** Spelt as the parser spells them; `undefined`: whatever they are. */
  readonly types: readonly string[] | undefined;
  readonly offset: number;
}

const IN = new Set(["FUNC_PARAM_DEFAULT", "FUNC_PARAM_IN", "FUNC_PARAM_INOUT", "FUNC_PARAM_VARIADIC"]);
const OUT = new Set(["FUNC_PARAM_TABLE", "FUNC_PARAM_OUT", "FUNC_PARAM_INOUT"]);

/** The functions that a file makes and leaves in place. */
export function definedFunctions(sql: ParsedSql): readonly DefinedFunction[] {
  const functions = new Map<string, DefinedFunction>();
  for (const { kind, node, offset } of sql.statements) {
    if (kind === "DropStmt" && node.removeType === "OBJECT_FUNCTION")
      for (const { name } of droppedBy({ node, offset })) functions.delete(name);
    if (kind !== "CreateFunctionStmt" || node.is_procedure === true) continue;
    const names = namesIn(node.funcname);
    const [schema = "", name = ""] = names.length === 2 ? names : ["", names[0]];
    const { args, columns } = parametersOf(node);
    functions.set(names.join("."), {
      ...{ schema, name, args, offset },
      columns: columns.length > 0 ? columns : undefined,
      result: resultOf(node, columns.length),
      form: formOf(node),
    });
  }
  return [...functions.values()];
}

/** The functions that a file drops. */
export function droppedFunctions(sql: ParsedSql): readonly DroppedFunction[] {
  return sql.statements.flatMap(({ kind, node, offset }) =>
    kind === "DropStmt" && (node.removeType === "OBJECT_FUNCTION" || node.removeType === "OBJECT_ROUTINE")
      ? droppedBy({ node, offset })
      : [],
  );
}

function droppedBy({ node, offset }: { node: SqlNode; offset: number }): readonly DroppedFunction[] {
  return asList(node.objects).map((object) => {
    const { objname, objargs, args_unspecified } = asNode(asNode(object).ObjectWithArgs);
    const types = asList(objargs).map((arg) => typeText(asNode(asNode(arg).TypeName)));
    return { name: namesIn(objname).join("."), types: args_unspecified === true ? undefined : types, offset };
  });
}

/** A function with one `out` argument gives that argument's value, one with several a row. */
function resultOf(node: SqlNode, columns: number): DefinedFunction["result"] {
  const type = asNode(node.returnType);
  if (node.returnType === undefined) return { type: columns > 0 ? "record" : "void", isSet: false };
  return { type: typeText({ ...type, setof: false }), isSet: type.setof === true };
}

function formOf(node: SqlNode): DefinedFunction["form"] {
  const options = asList(node.options).map((each) => asNode(asNode(each).DefElem));
  const optionOf = (name: string) => options.find((each) => each.defname === name)?.arg;
  const volatility = asNode(asNode(optionOf("volatility")).String).sval;
  return {
    volatility: volatility === "stable" || volatility === "immutable" ? volatility : "volatile",
    securityDefiner: asNode(asNode(optionOf("security")).Boolean).boolval === true,
    pinned:
      node.sql_body !== undefined ||
      options.some((each) => asNode(asNode(each.arg).VariableSetStmt).name === "search_path"),
  };
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
    args: found.args.map(({ name, type, hasDefault }) => ({ name, type, hasDefault })),
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

function parametersOf(node: SqlNode): { args: DefinedFunction["args"][number][]; columns: LockedColumn[] } {
  const args: DefinedFunction["args"][number][] = [];
  const columns: LockedColumn[] = [];
  for (const parameter of asList(node.parameters)) {
    const { name = "", argType, mode, defexpr } = asNode(asNode(parameter).FunctionParameter);
    const value = { name: String(name), type: typeText(asNode(argType)) };
    if (IN.has(String(mode)))
      args.push({ ...value, hasDefault: defexpr !== undefined, variadic: mode === "FUNC_PARAM_VARIADIC" });
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
