import { apply as applyMigrations, loadMigrations } from "@plinth/migrate";
import { ApplyOutcome } from "../apply-outcome.ts";
import { ApplyReport } from "../apply-report.ts";
import type { CommandContext } from "../command.ts";
import { CommandLineError } from "../command-line-error.ts";
import { counted } from "../counted.ts";
import { databaseAddress } from "../database-address.ts";
import { durationOption, showDuration } from "../duration.ts";
import { EXIT_OK } from "../exit-codes.ts";
import { migrationsDirectory } from "../migrations-directory.ts";

/** Runs what is pending, and says at the end what stands and what does not. */
export async function apply(context: CommandContext): Promise<number> {
  const { args, env, cwd, output, signal, facts, closing } = context;
  const directory = migrationsDirectory(args, cwd);
  const database = databaseAddress(args, env);
  const options = {
    lockTimeoutMs: durationOption(args, "lock-timeout"),
    statementLockTimeoutMs: durationOption(args, "statement-lock-timeout"),
    transaction: transactionOf(args.value("transaction")),
    strict: args.has("strict"),
    signal,
  };
  const migrations = await loadMigrations(directory);

  const startedAt = performance.now();
  const report = new ApplyReport(output);
  const outcome = new ApplyOutcome();
  output.log(`database ${database.shown}`);
  try {
    const { runId } = await applyMigrations(database.url, migrations, {
      ...options,
      onEvent(event) {
        outcome.hear(event);
        report.hear(event);
      },
    });
    facts.runId = runId;
  } catch (error) {
    report.fail();
    closing.push(...outcome.afterFailure(error));
    throw error;
  } finally {
    Object.assign(facts, { database: database.shown, ...outcome.facts() });
  }
  report.close();
  closing.push(`${counted(outcome.applied, "file")} applied in ${showDuration(performance.now() - startedAt)}`);
  return EXIT_OK;
}

function transactionOf(given: string | undefined): "namespace" | "file" {
  if (given === undefined || given === "namespace" || given === "file") return given ?? "namespace";
  throw new CommandLineError(
    `--transaction must be namespace or file, but is ${JSON.stringify(given.slice(0, 60))}`,
    "namespace commits all pending files of a package together, file each by itself",
  );
}
