import { loadMigrations, verify as verifyMigrations } from "@plinth/migrate";
import type { CommandContext } from "../command.ts";
import { counted } from "../counted.ts";
import { checkedUrl, databaseAddress } from "../database-address.ts";
import { errorDocument } from "../error-document.ts";
import { printError } from "../error-text.ts";
import { EXIT_OK, exitCodeOfError } from "../exit-codes.ts";
import { migrationsDirectory } from "../migrations-directory.ts";

/** Holds the database against the files, and prints everything that is not as it should be. Ends with the code of the first. */
export async function verify({ args, env, cwd, output, facts, closing }: CommandContext): Promise<number> {
  const directory = migrationsDirectory(args, cwd);
  const database = databaseAddress(args, env);
  const scratch = args.value("shadow");
  const shadow = scratch === undefined ? args.has("shadow") : checkedUrl("--shadow", scratch);
  const migrations = await loadMigrations(directory);
  const { problems, warnings } = await verifyMigrations(database.url, migrations, { shadow });

  for (const warning of warnings) output.warn(warning);
  for (const problem of problems) printError(output, problem, cwd, env.PLINTH_DEBUG === "1");
  facts.database = database.shown;
  facts.problems = problems.map(errorDocument);
  facts.warnings = warnings;

  const [first] = problems;
  closing.push(first === undefined ? "all as it should be" : counted(problems.length, "problem"));
  return first === undefined ? EXIT_OK : exitCodeOfError(first);
}
