import { loadMigrations, verify as verifyMigrations } from "@plinth/migrate";
import type { CommandContext } from "../command.ts";
import { counted } from "../counted.ts";
import { checkedUrl, databaseAddress } from "../database-address.ts";
import { errorDocument } from "../error-document.ts";
import { printError } from "../error-text.ts";
import { EXIT_OK, EXIT_PENDING, exitCodeOfError } from "../exit-codes.ts";
import { migrationsDirectory } from "../migrations-directory.ts";

/** Holds the database against the files, and prints everything that is not as it should be. Ends with the code of the first, or with 3 where nothing was compared. */
export async function verify({ args, env, cwd, output, signal, facts, closing }: CommandContext): Promise<number> {
  const directory = migrationsDirectory(args, cwd);
  const database = databaseAddress(args, env);
  const scratch = args.value("shadow");
  const shadow = scratch === undefined ? args.has("shadow") : checkedUrl("--shadow", scratch);
  const migrations = await loadMigrations(directory);
  const { problems, warnings, notCompared } = await verifyMigrations(database.url, migrations, { shadow, signal });

  for (const warning of warnings) output.warn(warning);
  for (const problem of problems) printError(output, problem, cwd, env.PLINTH_DEBUG === "1");
  facts.database = database.shown;
  facts.problems = problems.map(errorDocument);
  facts.warnings = warnings;
  facts.notCompared = notCompared;

  const [first] = problems;
  for (const why of notCompared) closing.push(`not compared: ${why}`);
  if (first !== undefined) {
    closing.push(counted(problems.length, "problem"));
    return exitCodeOfError(first);
  }
  if (notCompared.length === 0) {
    closing.push("all as it should be");
    return EXIT_OK;
  }
  // What was looked at is in order, and what was asked for was not done.
  facts.ok = false;
  return EXIT_PENDING;
}
