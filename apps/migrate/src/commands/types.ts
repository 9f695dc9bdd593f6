import { generate } from "@plinth/migrate";
import type { CommandContext } from "../command.ts";
import { databaseAddress } from "../database-address.ts";
import { EXIT_OK } from "../exit-codes.ts";
import { migrationsDirectory, shownPath } from "../migrations-directory.ts";

/** Writes the generated files, or with `--check` only says whether they are right. */
export async function types({ args, env, cwd, output, facts }: CommandContext): Promise<number> {
  const directory = migrationsDirectory(args, cwd);
  const { url } = databaseAddress(args, env);
  const { written, unchanged, warnings } = await generate({
    directory,
    url,
    check: args.has("check"),
    lock: args.has("lock"),
  });
  for (const path of written) output.line(`${output.style("green", "wrote")}     ${shownPath(path, cwd)}`);
  for (const path of unchanged) output.line(`unchanged ${shownPath(path, cwd)}`);
  for (const warning of warnings) output.warn(warning);
  facts.warnings = warnings;
  facts.written = written;
  facts.unchanged = unchanged;
  return EXIT_OK;
}
