import type { Annotation, ValueAnnotation } from "../annotations.ts";
import { type CatalogProcedure, procedureKey } from "../catalog/catalog-procedure.ts";
import { camelCase } from "./camel-case.ts";
import { nullable, type ValueType, type ValueTypes } from "./value-types.ts";

/** An argument or a column, as callers see it and as SQL has it. */
export interface CallerField {
  readonly key: string;
  readonly name: string;
  /** The SQL type that its codec goes by. */
  readonly sqlType: string;
  readonly value: ValueType;
  readonly nullable: boolean;
}

export interface CallerArgument extends CallerField {
  readonly optional: boolean;
}

/** One procedure, with all that its typed caller is made of. */
export interface Caller {
  readonly procedure: CatalogProcedure;
  readonly annotation: Annotation;
  readonly key: string;
  readonly args: readonly CallerArgument[];
  readonly columns: readonly CallerField[];
  /** The result is a value, or several, and not rows. */
  readonly isValue: boolean;
  /** SQL names of the ordering columns of a keyset-paged list; empty for anything else. */
  readonly keyset: readonly string[];
}

const pageSize = "page_size_in";

/** What the caller of a procedure is made of. What stands in the way is added to `problems`. */
export function callerOf(
  annotation: Annotation,
  procedure: CatalogProcedure,
  types: ValueTypes,
  problems: string[],
): Caller {
  const where = procedureKey(procedure);
  const args = procedure.arguments.map((argument): CallerArgument => {
    const key = camelCase(argument.name.replace(/_in$/, ""));
    const noted = annotation.params.get(argument.name) ?? annotation.params.get(argument.name.replace(/_in$/, ""));
    const value = noteOn(noted, types, () => types.ofArgument(argument.type, `${where}, argument ${argument.name}`));
    return {
      key,
      name: argument.name,
      sqlType: types.sqlType(argument.type),
      value,
      optional: argument.hasDefault,
      nullable: noted?.nullable === true,
    };
  });
  const isValue = procedure.columns.length === 0;
  const results =
    isValue && procedure.resultType !== "void"
      ? [{ name: procedure.name, type: procedure.resultType, notNull: null }]
      : procedure.columns;
  const columns = results.map((column): CallerField => {
    const noted = annotation.columns.get(column.name);
    // A column of a table is null where the table lets it; any other one where the annotation says so.
    const mayBeNull = noted?.nullable === true || column.notNull === false;
    const value = noteOn({ nullable: mayBeNull, json: noted?.json }, types, () =>
      types.of(column.type, `${where}, column ${column.name}`),
    );
    return {
      key: camelCase(column.name),
      name: column.name,
      sqlType: types.sqlType(column.type),
      value,
      nullable: mayBeNull,
    };
  });
  reportCollisions(where, "arguments", args, problems);
  reportCollisions(where, "columns", columns, problems);
  return {
    procedure,
    annotation,
    key: camelCase(procedure.name),
    args,
    columns,
    isValue,
    keyset: keysetOf(annotation, procedure),
  };
}

/** What a value is in TypeScript, with what its annotation says of it. */
function noteOn(noted: ValueAnnotation | undefined, types: ValueTypes, plain: () => ValueType): ValueType {
  const value = typeof noted?.json === "string" ? types.jsonOf(noted.json) : plain();
  return noted?.nullable === true ? nullable(value) : value;
}

/** Why a procedure that takes a page size is none of `db.iterate`'s lists; nothing if it is one, or takes none. */
export function whyNoList({ procedure, keyset }: Caller): string | undefined {
  if (keyset.length > 0 || !takesPageSize(procedure)) return undefined;
  const where = procedureKey(procedure);
  const positions = positionsOf(procedure);
  const unusable = positions.find((position) => !position.hasColumn || !position.hasDefault);
  const remedy = "so db.iterate does not have it";
  if (unusable === undefined)
    return `${where} takes ${pageSize}, and is no read procedure with returns=many and arguments like after_id_in, ${remedy}`;
  return unusable.hasColumn
    ? `${where} takes ${pageSize}, and its after_${unusable.column}_in has no default, ${remedy}`
    : `${where} takes ${pageSize} and after_${unusable.column}_in, and has no column ${unusable.column}, ${remedy}`;
}

function takesPageSize(procedure: CatalogProcedure): boolean {
  return procedure.arguments.some((argument) => argument.name === pageSize);
}

/** The columns that arguments `after_<column>_in` name. */
function positionsOf(procedure: CatalogProcedure) {
  return procedure.arguments.flatMap(({ name, hasDefault }) => {
    const column = /^after_(.+)_in$/.exec(name)?.[1];
    if (column === undefined) return [];
    return [{ column, hasDefault, hasColumn: procedure.columns.some((each) => each.name === column) }];
  });
}

/** The ordering columns of a list that is paged by the last row's: a default for each `after_<column>_in`, and a page size. */
function keysetOf(annotation: Annotation, procedure: CatalogProcedure): readonly string[] {
  if (annotation.returns !== "many" || annotation.mode !== "read" || !takesPageSize(procedure)) return [];
  const positions = positionsOf(procedure);
  const complete = positions.every(({ hasColumn, hasDefault }) => hasColumn && hasDefault);
  return complete ? positions.map(({ column }) => column) : [];
}

/** Whether an argument says where a page begins or how long it is: `db.iterate` gives these itself. */
export function isPaging(argument: CallerArgument): boolean {
  return argument.name === pageSize || /^after_.+_in$/.test(argument.name);
}

/** Two SQL names that TypeScript can't tell apart. */
export function reportCollisions(
  where: string,
  what: string,
  fields: readonly { readonly key: string; readonly name: string }[],
  problems: string[],
): void {
  const names = new Map<string, string>();
  for (const { key, name } of fields) {
    const other = names.get(key);
    if (other !== undefined) problems.push(`${where}: the ${what} ${other} and ${name} would both be called ${key}`);
    if (key === "") problems.push(`${where}: of the ${what}, ${JSON.stringify(name)} leaves no name`);
    names.set(key, name);
  }
}
