import { loadMigrations, type Plan, plan as planMigrations } from "@plinth/migrate";
import type { CommandContext } from "../command.ts";
import { counted } from "../counted.ts";
import { databaseAddress } from "../database-address.ts";
import { EXIT_OK, EXIT_PENDING, exitCodeOf } from "../exit-codes.ts";
import { fileFacts } from "../file-facts.ts";
import { migrationsDirectory } from "../migrations-directory.ts";
import { planLines } from "../plan-lines.ts";

/** Shows what `apply` would run. An edited file is shown too, and is a failure: `apply` would refuse it. */
export async function plan({ args, env, cwd, output, facts, closing }: CommandContext): Promise<number> {
  const directory = migrationsDirectory(args, cwd);
  const database = databaseAddress(args, env);
  const migrations = await loadMigrations(directory);
  const found = await planMigrations(database.url, migrations);

  const files = migrations.namespaces.reduce((sum, { files }) => sum + files.length, 0);
  output.line(
    `database ${database.shown}, ${counted(migrations.namespaces.length, "namespace")}, ${counted(files, "file")}`,
  );
  for (const warning of found.warnings) output.warn(warning);
  for (const line of planLines(found.pending)) output.line(line);
  describe(found, facts, database.shown);

  for (const { file, appliedBy, appliedAt } of found.edited) {
    const when = appliedAt === undefined ? "" : ` at ${appliedAt.toISOString()}`;
    output.error(
      `${output.style("red", "edited")} ${file.namespace} ${file.fileName}, applied${when} by ${appliedBy}: apply will refuse it`,
    );
  }
  const late = args.has("strict") ? found.pending.filter(({ outOfOrder }) => outOfOrder) : [];
  for (const { file } of late)
    output.error(
      `${output.style("red", "late")} ${file.namespace} ${file.fileName} is below an applied number: apply --strict will refuse it`,
    );
  closing.push(found.pending.length === 0 ? "nothing to run" : `${found.pending.length} to run`);
  if (found.edited.length + late.length > 0) return exitCodeOf("validation");
  return found.pending.length > 0 && args.has("exit-code") ? EXIT_PENDING : EXIT_OK;
}

function describe(found: Plan, facts: Record<string, unknown>, database: string): void {
  facts.database = database;
  facts.pending = found.pending.map(({ file, reason, outOfOrder, progress }, index) => ({
    order: index + 1,
    ...fileFacts(file),
    reason,
    outOfOrder,
    statementsDone: progress?.statementsDone ?? null,
  }));
  facts.edited = found.edited.map(({ file, appliedHash, appliedAt, appliedBy }) => ({
    ...fileFacts(file),
    appliedHash,
    appliedAt: appliedAt ?? null,
    appliedBy,
  }));
  facts.warnings = found.warnings;
}
