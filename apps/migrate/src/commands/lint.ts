import { type LintFinding, lint as lintMigrations, loadMigrations } from "@plinth/migrate";
import type { CommandContext } from "../command.ts";
import { counted } from "../counted.ts";
import { showPlace } from "../error-text.ts";
import { EXIT_OK, exitCodeOf } from "../exit-codes.ts";
import { migrationsDirectory } from "../migrations-directory.ts";
import type { Output } from "../output.ts";

/** Checks the files and prints what it finds, one line each, as compilers do. */
export async function lint({ args, cwd, output, facts }: CommandContext): Promise<number> {
  const migrations = await loadMigrations(migrationsDirectory(args, cwd));
  for (const warning of migrations.warnings) output.warn(warning);

  const base = args.value("base");
  const findings = await lintMigrations(migrations, base === undefined ? {} : { base });
  const errors = findings.filter(({ severity }) => severity === "error").length;

  for (const finding of findings) printFinding(output, finding, cwd);
  output.line(`${counted(errors, "error")}, ${counted(findings.length - errors, "warning")}`);
  facts.errors = errors;
  facts.warnings = findings.length - errors;
  facts.findings = findings.map(({ rule, severity, message, position, hint }) => ({
    rule,
    severity,
    message,
    position,
    hint: hint ?? null,
  }));
  return errors > 0 ? exitCodeOf("lint") : EXIT_OK;
}

function printFinding(output: Output, { rule, severity, message, position, hint }: LintFinding, cwd: string): void {
  const style = severity === "error" ? "red" : "yellow";
  const help = hint === undefined ? "" : ` (${hint})`;
  const line = `${showPlace(position, cwd)} ${output.style(style, severity)} ${rule} ${message}${help}`;
  // An error is shown to those too who asked for nothing else.
  if (severity === "error" && output.quiet) output.error(line);
  else output.line(line);
}
