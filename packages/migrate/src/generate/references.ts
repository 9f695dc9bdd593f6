import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Migrations } from "../migrations.ts";

/** Where a column that refers to a package's table has its types from. */
export interface Reference {
  /** `@plinth/queue/structure`. */
  readonly from: string;
  /** The exported type of the column: `JobId`. */
  readonly type: string;
  /** The exported zod schema of it: `jobId`. */
  readonly schema: string;
}

/**
 * What the packages of the graph let others refer to, by the SQL of a foreign key: `plinth_queue.job(id)`.
 *
 * A package says so in its `./structure` door: `export const structure = { references: { "plinth_queue.job(id)": { type: "JobId", schema:
 * "jobId" } } }`, with `JobId` and `jobId` exports of that door too. A package without the door lets nobody refer to anything by type: such
 * columns have their SQL type's.
 */
export async function readReferences(migrations: Migrations): Promise<ReadonlyMap<string, Reference>> {
  const references = new Map<string, Reference>();
  const from = createRequire(join(migrations.root.directory, "namespaces.txt"));
  for (const { name } of migrations.namespaces) {
    if (name === migrations.root.name) continue;
    const door = `${name}/structure`;
    const path = resolveDoor(from, door);
    if (path === undefined) continue;
    for (const [sql, { type, schema }] of referencesOf(await import(pathToFileURL(path).href), door))
      references.set(sql, { from: door, type, schema });
  }
  return references;
}

const noDoor = ["ERR_PACKAGE_PATH_NOT_EXPORTED", "MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"];

function resolveDoor(from: NodeJS.Require, door: string): string | undefined {
  try {
    return from.resolve(door);
  } catch (error) {
    if (noDoor.includes(String((error as { code?: unknown }).code))) return undefined;
    throw error;
  }
}

function referencesOf(module: unknown, door: string): [string, Pick<Reference, "type" | "schema">][] {
  const structure = (module as { structure?: { references?: unknown } }).structure;
  return Object.entries(structure?.references ?? {}).map(([sql, value]: [string, unknown]) => {
    const { type, schema } = (value ?? {}) as Record<string, unknown>;
    if (typeof type !== "string" || typeof schema !== "string")
      throw new TypeError(
        `${door}: structure.references[${JSON.stringify(sql)}] must be { type: string, schema: string }`,
      );
    return [sql, { type, schema }];
  });
}
