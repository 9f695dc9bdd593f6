import { reportCollisions } from "./caller.ts";
import { camelCase, pascalCase, propertyName, schemaKey } from "./camel-case.ts";
import type { Reference } from "./references.ts";
import type { Table, TableColumn } from "./tables.ts";
import { docLines, heading, importLine, unionOf } from "./text-lines.ts";
import { nullable, type ValueType, type ValueTypes } from "./value-types.ts";

/** What `structure.gen.ts` is rendered from. */
export interface StructureFile {
  /** Sorted by schema and name. */
  readonly tables: readonly Table[];
  readonly references: ReadonlyMap<string, Reference>;
  readonly types: ValueTypes;
}

/** The text of `structure.gen.ts`: of every table its rows and what is inserted, as types and as zod schemas. */
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
    return [
      ...rowLines(`A row of ${table.schema}.${table.name}.`, table.comment, name, columns),
      ...rowLines(
        `What is inserted into ${table.schema}.${table.name}: what the database fills in may be left out.`,
        null,
        `new_${name}`,
        columns.filter((column) => column.generated !== "always").map(insertable),
      ),
    ];
  });
  const enums = file.types.enums.flatMap(([name, labels]) => [`export type ${name} = ${unionOf(labels)};`, ""]);
  const imports = [
    ...(file.types.usesJson ? [importLine(["type Json"], "@plinth/db-core")] : []),
    ...[...used].sort(([a], [b]) => (a < b ? -1 : 1)).map(([from, names]) => importLine([...names], from)),
    'import * as z from "zod";',
  ];
  return `${[heading, "", ...imports, "", ...enums, ...body].join("\n").trimEnd()}\n`;
}

type Field = TableColumn & { readonly key: string; readonly value: ValueType; readonly optional?: boolean };

function insertable(column: Field): Field {
  if (column.generated === null && column.notNull) return column;
  const { typescript, zod, zodType } = column.value;
  const value = {
    typescript: `${typescript} | undefined`,
    zod: `${zod}.optional()`,
    zodType: `z.ZodOptional<${zodType}>`,
  };
  return { ...column, value, optional: true };
}

function rowLines(doc: string, comment: string | null, name: string, columns: readonly Field[]): string[] {
  const docs = docLines(comment === null ? doc : `${doc} ${comment}`);
  return [
    ...docs,
    `export interface ${pascalCase(name)} {`,
    ...columns.flatMap((column) => [
      ...docLines(column.comment ?? "", "  "),
      `  readonly ${propertyName(column.key)}${column.optional === true ? "?" : ""}: ${column.value.typescript};`,
    ]),
    "}",
    "",
    ...docs,
    `export const ${constantName(name)}: z.ZodObject<{`,
    ...columns.map((column) => `  ${propertyName(column.key)}: ${column.value.zodType};`),
    "}> = z.object({",
    ...columns.map((column) => `  ${propertyName(column.key)}: ${column.value.zod},`),
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
