import { loadMigrations, status as readStatus, type Status, type StoppedFile } from "@plinth/migrate";
import type { CommandContext } from "../command.ts";
import { databaseAddress } from "../database-address.ts";
import { EXIT_OK, EXIT_PENDING } from "../exit-codes.ts";
import { migrationsDirectory } from "../migrations-directory.ts";
import { table } from "../table.ts";

/** Shows how each namespace stands in the database. */
export async function status({ args, env, cwd, output, facts, closing }: CommandContext): Promise<number> {
  const directory = migrationsDirectory(args, cwd);
  const database = databaseAddress(args, env);
  const migrations = await loadMigrations(directory);
  const found = await readStatus(database.url, migrations);
  for (const warning of found.warnings) output.warn(warning);

  output.line(`database ${database.shown}`);
  for (const line of table(rowsOf(found))) output.line(line);
  for (const stopped of found.stopped) for (const line of stoppedLines(stopped)) closing.push(line);
  facts.database = database.shown;
  facts.namespaces = found.namespaces.map((each) => ({ ...each, version: each.version ?? null }));
  facts.warnings = found.warnings;
  facts.stopped = found.stopped.map((each) => ({ ...each, error: each.error ?? null }));

  const pending = found.namespaces.some((each) => each.pending + each.changed + each.failed > 0);
  return pending && args.has("exit-code") ? EXIT_PENDING : EXIT_OK;
}

function rowsOf(found: Status): readonly (readonly (string | number)[])[] {
  return [
    ["namespace", "applied", "pending", "changed", "missing", "failed", "version", ""],
    ...found.namespaces.map(({ namespace, applied, pending, changed, missing, failed, version, onDisk }) => [
      namespace,
      applied,
      pending,
      changed,
      missing,
      failed,
      version ?? "none",
      onDisk ? "" : "not in this checkout",
    ]),
  ];
}

function stoppedLines({
  namespace,
  number,
  name,
  status,
  statementsDone,
  statementCount,
}: StoppedFile): readonly string[] {
  const which = `${namespace}:${number}`;
  const what = status === "failed" ? "failed" : "was interrupted, or is running now,";
  return [
    `${namespace} ${name} ${what} after ${statementsDone} of ${statementCount} statements`,
    "  apply goes on there; or, after a look at the database, one of:",
    `    plinth-migrate repair --mark-applied ${which}`,
    `    plinth-migrate repair --mark-failed ${which}`,
  ];
}
