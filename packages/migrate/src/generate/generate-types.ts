import type { Annotation } from "../annotations.ts";
import { readAnnotations } from "../annotations.ts";
import type { LockedProcedure } from "../call-compatible.ts";
import type { CatalogClient } from "../catalog/catalog-client.ts";
import { procedureKey } from "../catalog/catalog-procedure.ts";
import { signatureOf } from "../catalog/promised-signature.ts";
import { listPromises } from "../catalog/promises.ts";
import { pinCatalogPath, readProcedures } from "../catalog/read-procedures.ts";
import { lockedProcedure } from "../contract-rules.ts";
import { inTransaction } from "../grants.ts";
import { versionOf } from "../lock-check.ts";
import type { Migrations, Namespace } from "../migrations.ts";
import { readMigration } from "../read-migration.ts";
import { type Caller, callerOf, whyNoList } from "./caller.ts";
import { TypesImpossibleError } from "./generate-error.ts";
import { readReferences } from "./references.ts";
import { renderProcedures } from "./render-procedures.ts";
import { renderStructure } from "./render-structure.ts";
import { readMadeTypes } from "./sql-types.ts";
import { readSchemas, readTables } from "./tables.ts";
import { ValueTypes } from "./value-types.ts";

/** What {@link generateTypes} makes. */
export interface GeneratedTypes {
  /** The text of `procedures.gen.ts`. */
  readonly procedures: string;
  /** The text of `structure.gen.ts`; `undefined` where the namespace has neither procedures nor tables. */
  readonly structure: string | undefined;
  /** Procedures that look like lists in pages and can't be read as such, each with the reason. */
  readonly warnings: readonly string[];
  /** Named types of json values, which `procedures.gen.ts` imports from `./procedure-json.ts`. */
  readonly jsonTypes: readonly string[];
  /** Every procedure of the namespace, deprecated ones too: what its lock file is about. */
  readonly locked: readonly LockedProcedure[];
}

/** What {@link generateTypes} takes besides the database and the graph. */
export interface GenerateTypesOptions {
  /**
   * The namespace to make types of, by its package's name.
   *
   * @defaultValue the graph's root
   */
  readonly namespace?: string | undefined;
  /**
   * The migrations, as the generated file's directory sees them.
   *
   * @defaultValue `"../migrations"`
   */
  readonly migrationsPath?: string | undefined;
}

/**
 * Makes typed callers of a namespace's procedures, and row types and zod schemas of its tables, from the catalog of a database that the whole
 * graph was applied to. Reads only. The same catalog gives the same bytes.
 *
 * @throws {TypesImpossibleError} Names collide, or a type has none in TypeScript. With everything that is in the way.
 */
export function generateTypes(
  client: CatalogClient,
  migrations: Migrations,
  options: GenerateTypesOptions = {},
): Promise<GeneratedTypes> {
  return inTransaction(client, "begin isolation level repeatable read read only", async () => {
    await pinCatalogPath(client);
    const name = options.namespace ?? migrations.root.name;
    const namespace = migrations.namespaces.find((each) => each.name === name);
    if (namespace === undefined) throw new TypesImpossibleError(name, [`the graph has no namespace ${name}`]);
    const problems: string[] = [];
    const { procedures, callers, locked, jsonTypes } = await makeProcedures(
      client,
      namespace,
      options.migrationsPath ?? "../migrations",
      problems,
    );
    const structure = await makeStructure(client, migrations, namespace, callers, problems);
    for (const text of [procedures, structure ?? ""]) problems.push(...namesTwice(text));
    if (problems.length > 0) throw new TypesImpossibleError(name, [...new Set(problems)]);
    const warnings = callers.flatMap((caller) => whyNoList(caller) ?? []);
    return { procedures, structure, locked, warnings, jsonTypes };
  });
}

/** The annotations of all repeatable files of a namespace. */
export async function annotationsOf(namespace: Namespace): Promise<Annotation[]> {
  const annotations: Annotation[] = [];
  for (const file of namespace.files)
    if (file.repeatable) annotations.push(...readAnnotations(file, await readMigration(file)));
  return annotations;
}

async function makeProcedures(client: CatalogClient, namespace: Namespace, migrationsPath: string, problems: string[]) {
  const annotations = (await annotationsOf(namespace)).sort((a, b) => (procedureKey(a) < procedureKey(b) ? -1 : 1));
  const schemas = [...new Set(annotations.map((annotation) => annotation.schema))];
  const catalog = new Map((await readProcedures(client, schemas)).map((each) => [procedureKey(each), each]));
  const several = new Set(annotations.filter(isCurrent).map((annotation) => annotation.schema)).size > 1;
  const types = new ValueTypes(await readMadeTypes(client), several);
  const found = annotations.flatMap((annotation) => {
    const procedure = catalog.get(procedureKey(annotation));
    if (procedure !== undefined) return [{ annotation, procedure }];
    problems.push(`${procedureKey(annotation)} is annotated, and the database does not have it`);
    return [];
  });
  const callers = found
    .filter(({ annotation }) => isCurrent(annotation))
    .map(({ annotation, procedure }) => callerOf(annotation, procedure, types, problems));
  for (const schema of schemas) {
    const keys = callers.filter((caller) => caller.procedure.schema === schema);
    const twice = keys.filter(({ key }, index) => keys.findIndex((other) => other.key === key) !== index);
    for (const { key } of twice) problems.push(`${schema}: two procedures would both be called ${key}`);
  }
  const text = renderProcedures({
    namespace: namespace.name,
    version: versionOf(namespace),
    migrations: migrationsPath,
    callers,
    types,
  });
  problems.push(...types.problems);
  const locked = found.map(({ annotation, procedure }) =>
    lockedProcedure(annotation, annotation, signatureOf(procedure)),
  );
  return { procedures: text, callers, locked, jsonTypes: types.jsonTypes };
}

function isCurrent(annotation: Annotation): boolean {
  return annotation.deprecated === undefined;
}

/** Tables of schemas in which no other namespace has promised a procedure: a package's are its own affair. */
async function makeStructure(
  client: CatalogClient,
  migrations: Migrations,
  namespace: Namespace,
  callers: readonly Caller[],
  problems: string[],
): Promise<string | undefined> {
  const promises = await listPromises(client);
  const others = new Set(promises.filter((each) => each.namespace !== namespace.name).map((each) => each.schema));
  const schemas = (await readSchemas(client)).filter((schema) => !others.has(schema));
  const tables = await readTables(client, schemas);
  if (tables.length === 0 && callers.length === 0) return undefined;
  const several = new Set(tables.map((table) => table.schema)).size > 1;
  const types = new ValueTypes(await readMadeTypes(client), several);
  const text = renderStructure({ callers, tables, references: await readReferences(migrations), types }, problems);
  problems.push(...types.problems);
  return text;
}

/** Exported names that a file has twice: a table and an enum of one name, say. */
function namesTwice(text: string): string[] {
  const types = [...text.matchAll(/^export (?:type|interface) (\w+)/gm)].map((match) => match[1]!);
  const values = [...text.matchAll(/^export const (\w+)/gm)].map((match) => match[1]!);
  return [types, values].flatMap((names) =>
    names
      .filter((name, index) => names.indexOf(name) !== index)
      .map((name) => `two things of the database would both be called ${name}`),
  );
}
