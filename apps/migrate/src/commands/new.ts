import { newMigration } from "@plinth/migrate";
import type { CommandContext } from "../command.ts";
import { EXIT_OK } from "../exit-codes.ts";
import { migrationsDirectory, shownPath } from "../migrations-directory.ts";

/** Makes a migration file with the next number. */
export async function newFile({ args, cwd, output, facts }: CommandContext): Promise<number> {
  const directory = migrationsDirectory(args, cwd);
  const path = await newMigration({ directory, name: args.words[0] ?? "", repeatable: args.has("repeatable") });
  output.line(shownPath(path, cwd));
  facts.path = path;
  return EXIT_OK;
}
