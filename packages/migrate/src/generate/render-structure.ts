import { type Caller, reportCollisions } from "./caller.ts";
import { camelCase, pascalCase, propertyName, schemaKey } from "./camel-case.ts";
import type { Reference } from "./references.ts";
import type { Table, TableColumn } from "./tables.ts";
import { docLines, heading, importLine, unionOf } from "./text-lines.ts";
import { nullable, type ValueType, type ValueTypes } from "./value-types.ts";

/** What `structure.gen.ts` is rendered from. */
export interface StructureFile {
  /** Sorted by schema and name. */
  readonly callers: readonly Caller[];
  /** Sorted by schema and name. */
  readonly tables: readonly Table[];
  readonly references: ReadonlyMap<string, Reference>;
  readonly types: ValueTypes;
}

/**
 * The text of `structure.gen.ts`: zod schemas of what procedures take and return, whose types are in `procedures.gen.ts`, and of every table its
 * rows, as a type and as a zod schema.
 */
export function renderStructure(file: StructureFile, problems: string[]): string {
  const several = new Set(file.tables.map((table) => table.schema)).size > 1;
  const used = new Map<string, Set<string>>();
  const body = file.tables.flatMap((table) => {
    const name = several ? `${schemaKey(table.schema)}_${table.name}` : table.name;
    const columns = table.columns.map((column) => ({
      ...column,
      key: camelCase(column.name),
      value: fieldValue(table, column, file, used),
    }));
    reportCollisions(`${table.schema}.${table.name}`, "columns", columns, problems);
    return rowLines(`A row of ${table.schema}.${table.name}.`, table.comment, name, columns);
  });
  const enums = file.types.enums.flatMap(([name, labels]) => [`export type ${name} = ${unionOf(labels)};`, ""]);
  const imports = [
    ...(file.types.usesJson ? [importLine(["type Json"], "@plinth/db-core")] : []),
    ...[...used].sort(([a], [b]) => (a < b ? -1 : 1)).map(([from, names]) => importLine([...names], from)),
    'import * as z from "zod";',
  ];
  const procedures = callerLines(file.callers);
  return `${[heading, "", ...imports, "", ...enums, ...procedures, ...body].join("\n").trimEnd()}\n`;
}

/** A schema of the arguments and one of the rows for each procedure that has any. */
function callerLines(callers: readonly Caller[]): string[] {
  const several = new Set(callers.map((caller) => caller.procedure.schema)).size > 1;
  return callers.flatMap((caller) => {
    const { schema, name } = caller.procedure;
    const prefix = several ? `${schemaKey(schema)}_${name}` : name;
    const args = caller.args.map(({ key, value, optional }) => ({
      key,
      value: optional ? optionalValue(value) : value,
    }));
    return [
      ...(args.length === 0 ? [] : schemaLines([`/** What ${schema}.${name} takes. */`], `${prefix}_args`, args)),
      ...(caller.isValue ? [] : schemaLines([`/** A row of ${schema}.${name}. */`], `${prefix}_row`, caller.columns)),
    ];
  });
}

type Field = TableColumn & { readonly key: string; readonly value: ValueType };

function optionalValue({ typescript, zod, zodType }: ValueType): ValueType {
  return { typescript: `${typescript} | undefined`, zod: `${zod}.optional()`, zodType: `z.ZodOptional<${zodType}>` };
}

function rowLines(doc: string, comment: string | null, name: string, columns: readonly Field[]): string[] {
  const docs = docLines(comment === null ? doc : `${doc} ${comment}`);
  return [
    ...docs,
    `export interface ${pascalCase(name)} {`,
    ...columns.flatMap((column) => [
      ...docLines(column.comment ?? "", "  "),
      `  readonly ${propertyName(column.key)}: ${column.value.typescript};`,
    ]),
    "}",
    "",
    ...schemaLines(docs, name, columns),
  ];
}

function schemaLines(
  docs: readonly string[],
  name: string,
  fields: readonly { readonly key: string; readonly value: ValueType }[],
): string[] {
  return [
    ...docs,
    `export const ${constantName(name)}: z.ZodObject<{`,
    ...fields.map(({ key, value }) => `  ${propertyName(key)}: ${value.zodType};`),
    "}> = z.object({",
    ...fields.map(({ key, value }) => `  ${propertyName(key)}: ${value.zod},`),
    "});",
    "",
  ];
}

function fieldValue(table: Table, column: TableColumn, file: StructureFile, used: Map<string, Set<string>>): ValueType {
  const reference = column.references === null ? undefined : file.references.get(column.references);
  const value =
    reference === undefined
      ? file.types.of(column.type, `${table.schema}.${table.name}, column ${column.name}`)
      : referenced(reference, used);
  return column.notNull ? value : nullable(value);
}

function referenced({ from, type, schema }: Reference, used: Map<string, Set<string>>): ValueType {
  const names = used.get(from) ?? new Set();
  used.set(from, names.add(`type ${type}`).add(schema));
  return { typescript: type, zod: schema, zodType: `typeof ${schema}` };
}

/** Schemas are called like their tables, unless that is a word of the language or zod's own. */
function constantName(name: string): string {
  const key = camelCase(name);
  return /^(z|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|false|finally|for|function|if|import|in|instanceof|let|new|null|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield|await|package|private|protected|public|interface|implements|undefined)$/.test(
    key,
  )
    ? `${key}Row`
    : key;
}
