// How long the compiler takes to check a registry of procedures and code that uses it, one table. See README.md.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { median, table } from "./report.mjs";

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, procedures: { type: "string", default: "200" } },
});
const rounds = Number(options.rounds);
const procedures = Number(options.procedures);
const SCHEMAS = 8;
const PACKAGE = join(import.meta.dirname, "..");

/** As generated code looks: an interface for each procedure's arguments and rows, one interface of callers for each schema. */
function contractText(schema, count) {
  const names = Array.from({ length: count }, (_, index) => `thing${index}`);
  const rows = names.map(
    (name) => `
export interface ${name}Args { readonly id: bigint | number; readonly owner: string; readonly tags?: readonly string[] | null; readonly body?: Json }
export interface ${name}Row { readonly id: bigint; readonly owner: string; readonly tags: string[]; readonly body: Json; readonly at: Date; readonly size: number | null }`,
  );
  const callers = (wanted) =>
    names.filter(wanted).map((name) => `  readonly ${name}: Procedure<${name}Args, ${name}Row | undefined>;`);
  const isOwn = (_, index) => index % 4 === 3;
  return `import { type Contract, defineContract, type Iterate, type Json, type Procedure } from "@plinth/db-core";
${rows.join("")}
export interface ${schema}Shared {\n${callers((...each) => !isOwn(...each)).join("\n")}\n}
export interface ${schema}Own {\n${callers(isOwn).join("\n")}\n}
export interface ${schema}Lists { readonly list: Iterate<{ readonly owner: string }, thing0Row> }
export interface Types {
  readonly shared: { readonly ${schema}: ${schema}Shared };
  readonly services: { readonly app: { readonly ${schema}: ${schema}Own } };
  readonly iterate: { readonly ${schema}: ${schema}Lists };
}
export const ${schema}: Contract<Types> = defineContract<Types>({ name: "${schema}", version: 1, migrations: "", procedures: {} });
`;
}

/** A function for each schema that calls every procedure of it once. */
function usingText(schemas, count) {
  const uses = schemas.map((schema) => {
    const calls = Array.from(
      { length: count },
      (_, index) => `  results.push((await db.procs.${schema}.thing${index}({ id: ${index}n, owner: "ann" }))?.at);`,
    );
    return `export async function ${schema}Use(results: unknown[]): Promise<void> {\n${calls.join("\n")}\n}`;
  });
  return `import { connect } from "@plinth/db-core";
${schemas.map((schema) => `import { ${schema} } from "./${schema}.ts";`).join("\n")}
const db = await connect({ service: "app", namespaces: [${schemas.join(", ")}] });
${uses.join("\n")}
await db.transaction((tx) => tx.procs.${schemas[0]}.thing0({ id: 1n, owner: "ann" }));
`;
}

async function measure(folder) {
  const tsc = join(PACKAGE, "..", "..", "node_modules", "typescript", "bin", "tsc");
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [tsc, "-p", folder, "--extendedDiagnostics"]).catch((error) => {
    throw new Error(`the generated registry does not compile:\n${error.stdout}`);
  });
  const seconds = (name) => Number(new RegExp(`^${name}:?\\s+([\\d.]+)s`, "m").exec(stdout)?.[1]);
  return { check: seconds("Check time"), total: seconds("Total time") };
}

const folder = await mkdtemp(join(PACKAGE, "bench", "types-"));
try {
  const schemas = Array.from({ length: SCHEMAS }, (_, index) => `schema${index}`);
  const each = Math.ceil(procedures / SCHEMAS);
  for (const schema of schemas) await writeFile(join(folder, `${schema}.ts`), contractText(schema, each));
  await writeFile(join(folder, "use.ts"), usingText(schemas, each));
  const config = { extends: "@plinth/tsconfig/base.json", include: ["*.ts"] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const results = [];
  for (let round = 0; round < rounds; round += 1) results.push(await measure(folder));
  const middle = (of) => median(results.map((result) => result[of])).toFixed(2);
  console.log(
    table(
      ["procedures", "calls", "check s", "total s"],
      [[`${each * SCHEMAS}`, each * SCHEMAS + 1, middle("check"), middle("total")]],
    ),
  );
} finally {
  await rm(folder, { recursive: true });
}
