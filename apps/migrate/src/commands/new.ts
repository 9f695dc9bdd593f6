import { OptionError } from "@plinth/db-core/errors";
import { newMigration } from "@plinth/migrate";
import type { CommandContext } from "../command.ts";
import { CommandLineError } from "../command-line-error.ts";
import { EXIT_OK } from "../exit-codes.ts";
import { migrationsDirectory, shownPath } from "../migrations-directory.ts";

/** Makes a migration file with the next number. */
export async function newFile({ args, cwd, output, facts }: CommandContext): Promise<number> {
  const directory = migrationsDirectory(args, cwd);
  const name = args.words[0] ?? "";
  const repeatable = args.has("repeatable");
  const path = await newMigration({ directory, name, repeatable }).catch((error: unknown) => {
    throw error instanceof OptionError && error.option === "name" ? refusal(error, name) : error;
  });
  output.line(shownPath(path, cwd));
  facts.path = path;
  return EXIT_OK;
}

function refusal(error: OptionError, given: string): CommandLineError {
  const name = nearest(given);
  const hint = name === "" ? "for example: plinth-migrate new add-priority" : `for example: plinth-migrate new ${name}`;
  return new CommandLineError(error.message.replace(/^option name/, "<name>"), hint, { cause: error });
}

/** `007 Add Thing` as a name that would do. */
function nearest(given: string): string {
  const name = given.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  return name
    .replace(/^-?(\d+-)?(r-)?/, "")
    .replace(/-$/, "")
    .slice(0, 60);
}
