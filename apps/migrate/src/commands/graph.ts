import { loadMigrations, renderGraph } from "@plinth/migrate";
import type { CommandContext } from "../command.ts";
import { EXIT_OK } from "../exit-codes.ts";
import { fileFacts } from "../file-facts.ts";
import { migrationsDirectory } from "../migrations-directory.ts";

/** Shows which packages' migrations run, in which order, and who imports whom. */
export async function graph({ args, cwd, output, facts }: CommandContext): Promise<number> {
  const migrations = await loadMigrations(migrationsDirectory(args, cwd));
  for (const warning of migrations.warnings) output.warn(warning);
  output.line(renderGraph(migrations).trimEnd());
  facts.root = migrations.root.name;
  facts.namespaces = migrations.namespaces.map(({ name, directory, imports, files }) => ({
    name,
    directory,
    imports,
    files: files.map(fileFacts),
  }));
  facts.warnings = migrations.warnings;
  return EXIT_OK;
}
