import type { Annotation } from "../annotations.ts";
import { procedureKey } from "../catalog/catalog-procedure.ts";
import { type Caller, type CallerArgument, isPaging } from "./caller.ts";
import { pascalCase, propertyName, schemaKey } from "./camel-case.ts";
import { docLines, heading, importLine, unionOf } from "./text-lines.ts";
import type { ValueTypes } from "./value-types.ts";

const lineWidth = 120;

/** Its own generated file can't import it. */
const dbCore = "@plinth/db-core";

/** What `procedures.gen.ts` is rendered from. */
export interface ProceduresFile {
  readonly namespace: string;
  readonly version: number;
  /** The migrations, as the generated file's directory sees them: `../migrations`. */
  readonly migrations: string;
  /** Sorted by schema and name. */
  readonly callers: readonly Caller[];
  readonly types: ValueTypes;
}

/** The text of `procedures.gen.ts`. The same procedures give the same bytes. */
export function renderProcedures(file: ProceduresFile): string {
  const schemas = [...new Set(file.callers.map((caller) => caller.procedure.schema))];
  const several = schemas.length > 1;
  const rowName = (caller: Caller) =>
    pascalCase(
      several ? `${schemaKey(caller.procedure.schema)}_${caller.procedure.name}_row` : `${caller.procedure.name}_row`,
    );
  const body = [
    ...file.types.enums.flatMap(([name, labels]) => [`export type ${name} = ${unionOf(labels)};`, ""]),
    ...file.callers.filter((caller) => !caller.isValue).flatMap((caller) => rowLines(caller, rowName(caller))),
    ...schemas.flatMap((schema) => schemaLines(schema, file.callers, rowName)),
    ...(several || schemas.length === 0
      ? []
      : [
          "/** The procedures that whoever may use the namespace may call. */",
          `export type Procedures = ${interfaceName(schemas[0]!, "Procedures")};`,
          "",
        ]),
    ...typesLines(schemas, file.callers),
    ...contractLines(file, schemas),
  ];
  return `${[heading, "", ...importLines(file, body.join("\n")), "", ...body].join("\n").trimEnd()}\n`;
}

/** Reads, and writes that are no service's own. */
function isShared({ annotation }: Caller): boolean {
  return annotation.service === undefined || annotation.mode === "read";
}

/** `GalleryWrites` of the service gallery in the schema gallery, `GalleryPrintsWrites` of another. */
function writesName(schema: string, service: string): string {
  const name = pascalCase(service.replaceAll("-", "_"));
  return interfaceName(schema, `${name === interfaceName(schema, "") ? "" : name}Writes`);
}

function interfaceName(schema: string, what: string): string {
  return pascalCase(schemaKey(schema)) + what;
}

function importLines(file: ProceduresFile, body: string): string[] {
  const uses = (name: string) => new RegExp(`\\b${name}<`).test(body);
  const wrappers = ["Procedure", "ProcedureOptional", "Iterate", "IterateOptional"].filter(uses);
  const contract = ["defineContract", "type Contract", ...(file.types.usesJson ? ["type Json"] : [])];
  const callers = wrappers.map((name) => `type ${name}`);
  const lines = ['import { fileURLToPath } from "node:url";'];
  if (file.namespace !== dbCore) lines.push(importLine([...contract, ...callers], dbCore));
  else lines.push(importLine(contract, "./contract.ts"), importLine(callers, "./database.ts"));
  if (file.types.jsonTypes.length > 0)
    lines.push(
      importLine(
        file.types.jsonTypes.map((name) => `type ${name}`),
        "./procedure-json.ts",
      ),
    );
  return lines;
}

function rowLines(caller: Caller, name: string): string[] {
  return [
    `/** A row of ${procedureKey(caller.procedure)}. */`,
    `export interface ${name} {`,
    ...caller.columns.map((column) => `  readonly ${propertyName(column.key)}: ${column.value.typescript};`),
    "}",
    "",
  ];
}

/** The interfaces of one schema's callers: what is shared, each service's own writes, and the lists. */
function schemaLines(schema: string, callers: readonly Caller[], rowName: (caller: Caller) => string): string[] {
  const ours = callers.filter((caller) => caller.procedure.schema === schema);
  const shared = ours.filter(isShared);
  const lists = ours.filter((caller) => caller.keyset.length > 0);
  const block = (doc: string, name: string, members: string[]) =>
    members.length === 0 ? [] : [`/** ${doc} */`, `export interface ${name} {`, ...members, "}", ""];
  return [
    `/** The procedures of ${schema} that whoever may use the namespace may call. */`,
    `export interface ${interfaceName(schema, "Procedures")} {`,
    ...shared.flatMap((caller) => memberLines(caller, rowName(caller))),
    "}",
    "",
    ...servicesOf(ours).flatMap((service) =>
      block(
        `The procedures of ${schema} that only the service ${service} may call.`,
        writesName(schema, service),
        ours
          .filter((caller) => !isShared(caller) && caller.annotation.service === service)
          .flatMap((caller) => memberLines(caller, rowName(caller))),
      ),
    ),
    ...block(
      `The lists of ${schema} that are read page by page.`,
      interfaceName(schema, "Lists"),
      lists.flatMap((caller) => [
        ...docLines(caller.annotation.doc, "  "),
        ...signatureLines(
          caller.key,
          "Iterate",
          caller.args.filter((each) => !isPaging(each)),
          rowName(caller),
        ),
      ]),
    ),
  ];
}

function memberLines(caller: Caller, row: string): string[] {
  const result = resultType(caller.annotation.returns, caller.isValue ? caller.columns[0]?.value.typescript : row);
  return [...docLines(caller.annotation.doc, "  "), ...signatureLines(caller.key, "Procedure", caller.args, result)];
}

function signatureLines(key: string, wrapper: "Procedure" | "Iterate", args: Caller["args"], result: string): string[] {
  const members = args.map(
    ({ key: name, optional, value }) =>
      `${propertyName(name)}${optional ? "?" : ""}: ${argumentType(value.typescript)}${optional ? " | undefined" : ""}`,
  );
  const object = members.length === 0 ? "Record<string, never>" : `{ ${members.join("; ")} }`;
  const opening = `  readonly ${propertyName(key)}: ${wrapper}${args.every(({ optional }) => optional) ? "Optional" : ""}<`;
  const line = `${opening}${object}, ${result}>;`;
  if (line.length <= lineWidth) return [line];
  return [opening, "    {", ...members.map((member) => `      ${member};`), "    },", `    ${result}`, "  >;"];
}

/** Whoever calls keeps the array: it is taken as one that nobody writes to. */
function argumentType(typescript: string): string {
  return typescript.replace(/^(.*\[\])/, "readonly $1");
}

function resultType(returns: Annotation["returns"], each: string | undefined): string {
  if (returns === "void" || each === undefined) return "void";
  if (returns === "maybe") return `${each} | undefined`;
  if (returns !== "many") return each;
  return each.includes(" ") ? `(${each})[]` : `${each}[]`;
}

function servicesOf(callers: readonly Caller[]): string[] {
  const services = callers.filter((caller) => !isShared(caller)).map((caller) => caller.annotation.service!);
  return [...new Set(services)].sort();
}

/** The three registers of callers by schema key, as db-core's ContractTypes wants them. */
function typesLines(schemas: readonly string[], callers: readonly Caller[]): string[] {
  const has = (schema: string, wanted: (caller: Caller) => boolean) =>
    callers.some((caller) => caller.procedure.schema === schema && wanted(caller));
  const member = (schema: string, name: string) => `readonly ${propertyName(schemaKey(schema))}: ${name};`;
  const services = servicesOf(callers).map((service) => {
    const theirs = schemas
      .filter((schema) => has(schema, (caller) => !isShared(caller) && caller.annotation.service === service))
      .map((schema) => member(schema, writesName(schema, service)));
    return `    readonly ${propertyName(service)}: { ${theirs.join(" ")} };`;
  });
  const lists = schemas
    .filter((schema) => has(schema, ({ keyset }) => keyset.length > 0))
    .map((schema) => `    ${member(schema, interfaceName(schema, "Lists"))}`);
  return [
    "/** The callers of the contract, by schema. */",
    "export interface Types {",
    ...objectLines(
      "shared",
      schemas.map((schema) => `    ${member(schema, interfaceName(schema, "Procedures"))}`),
    ),
    ...objectLines("services", services),
    ...objectLines("iterate", lists),
    "}",
    "",
  ];
}

function objectLines(name: string, members: readonly string[]): string[] {
  return members.length === 0 ? [`  readonly ${name}: {};`] : [`  readonly ${name}: {`, ...members, "  };"];
}

function contractLines(file: ProceduresFile, schemas: readonly string[]): string[] {
  return [
    `/** What ${file.namespace} contributes to the schema registry, at version ${file.version}. */`,
    "export const contract: Contract<Types> = defineContract<Types>({",
    `  name: ${JSON.stringify(file.namespace)},`,
    `  version: ${file.version},`,
    `  migrations: fileURLToPath(new URL(${JSON.stringify(file.migrations)}, import.meta.url)),`,
    "  procedures: {",
    ...schemas.flatMap((schema) => [
      `    ${propertyName(schemaKey(schema))}: {`,
      ...file.callers.filter((caller) => caller.procedure.schema === schema).flatMap(specLines),
      "    },",
    ]),
    "  },",
    "});",
  ];
}

function specLines(caller: Caller): string[] {
  const { procedure, annotation } = caller;
  const list = (name: string, entries: readonly string[]) =>
    entries.length === 0
      ? [`        ${name}: [],`]
      : [`        ${name}: [`, ...entries.map((entry) => `          [${entry}],`), "        ],"];
  const texts = (...values: readonly string[]) => values.map((value) => JSON.stringify(value)).join(", ");
  return [
    `      ${propertyName(caller.key)}: {`,
    `        schema: ${JSON.stringify(procedure.schema)},`,
    `        name: ${JSON.stringify(procedure.name)},`,
    `        mode: "${annotation.mode}",`,
    `        returns: "${annotation.returns}",`,
    ...(annotation.waits ? ["        waits: true,"] : []),
    ...(isShared(caller) ? [] : [`        service: ${JSON.stringify(annotation.service)},`]),
    ...list(
      "args",
      caller.args.map((arg) => texts(arg.key, arg.name, arg.sqlType) + argumentFlags(arg)),
    ),
    ...list(
      "columns",
      caller.columns.map((column) => texts(column.key, column.name, column.sqlType)),
    ),
    ...(caller.isValue && annotation.returns === "many" ? ["        setOfScalars: true,"] : []),
    ...(caller.isValue && caller.columns.some(({ nullable }) => nullable) ? ["        nullable: true,"] : []),
    ...(caller.keyset.length > 0 ? [`        keyset: [${texts(...caller.keyset)}],`] : []),
    "      },",
  ];
}

/** What follows the names of an argument in its `ArgSpec`. */
function argumentFlags({ optional, nullable, sqlType }: CallerArgument): string {
  if (nullable && /^jsonb?$/.test(sqlType)) return `, ${optional}, "nullable"`;
  return optional ? ", true" : "";
}
