import { loadMigrations, type RepairAction, repair as repairLedger } from "@plinth/migrate";
import type { CommandContext } from "../command.ts";
import type { Arguments } from "../command-line.ts";
import { CommandLineError } from "../command-line-error.ts";
import { databaseAddress } from "../database-address.ts";
import { durationOption } from "../duration.ts";
import { EXIT_OK } from "../exit-codes.ts";
import { migrationsDirectory } from "../migrations-directory.ts";

const ACTIONS = ["mark-applied", "mark-failed", "accept-hash"] as const;

/** Writes an operator's decision about one file into the ledger. */
export async function repair({ args, env, cwd, output, signal, facts }: CommandContext): Promise<number> {
  const directory = migrationsDirectory(args, cwd);
  const action = actionOf(args);
  const lockTimeoutMs = durationOption(args, "lock-timeout");
  const database = databaseAddress(args, env);
  const migrations = await loadMigrations(directory);
  const { warnings } = await repairLedger(database.url, migrations, action, { lockTimeoutMs, signal });
  for (const warning of warnings) output.warn(warning);
  output.line(`${action.namespace}:${action.number} ${DONE[action.type]}`);
  facts.database = database.shown;
  facts.action = action;
  facts.warnings = warnings;
  return EXIT_OK;
}

/** What was given, made whole: `helpdesk` was meant as `helpdesk:7`. */
function exampleOf(which: string): string {
  return /^[@a-z][\w@/.-]{0,59}$/i.test(which) ? `${which}:7` : "@acme/queue:7";
}

const DONE: Readonly<Record<RepairAction["type"], string>> = {
  "mark-applied": "counts as applied",
  "mark-failed": "counts as not applied: the next apply runs it from its first statement",
  "accept-hash": "counts as applied as it is now",
};

/** @throws {CommandLineError} Not exactly one decision, or one about something that is no file. */
function actionOf(args: Arguments): RepairAction {
  const given = ACTIONS.filter((type) => args.has(type));
  const type = given[0];
  if (type === undefined || given.length > 1)
    throw new CommandLineError(
      `repair needs exactly one of ${ACTIONS.map((each) => `--${each}`).join(", ")}`,
      "see plinth-migrate repair --help",
    );
  const which = args.value(type) ?? "";
  const match = /^(.+):(\d{1,9})$/.exec(which);
  if (match === null)
    throw new CommandLineError(
      `--${type} needs a namespace and a number, like @acme/queue:7, but is ${JSON.stringify(which.slice(0, 60))}`,
      `plinth-migrate repair --${type} ${exampleOf(which)}: the number of the file, as status and the error of apply name it`,
    );
  return { type, namespace: match[1] ?? "", number: Number(match[2]) };
}
