import type { SourcePosition } from "@plinth/migrate";
import { kindOf } from "./exit-codes.ts";
import { shownPath } from "./migrations-directory.ts";
import type { Output } from "./output.ts";
import { sourceExcerpt } from "./source-excerpt.ts";

/** An error of a thousand files is read from its first ones. */
const POSITIONS_MAX = 20;

/** Prints an error for people: what, where with the line itself, and what to do. Never a stack, unless the environment asks for it. */
export function printError(output: Output, error: unknown, cwd: string, debug: boolean): void {
  if (kindOf(error) === undefined) printUnexpected(output, error, debug);
  else printExpected(output, error as Error & ErrorFields, cwd);
  if (debug && error instanceof Error) output.error(withCauses(error));
}

/** What the migrator's errors have, each as far as it does. */
interface ErrorFields {
  readonly code: string;
  readonly sqlstate?: string | undefined;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly positions?: readonly SourcePosition[];
}

function printExpected(output: Output, error: Error & ErrorFields, cwd: string): void {
  const { code, sqlstate, detail, hint, positions = [] } = error;
  const codes = [code, ...(sqlstate === undefined || error.message.includes(sqlstate) ? [] : [sqlstate])].join(" ");
  output.error(`${output.style("red", "error")} ${output.style("bold", codes)} ${fromHere(error.message, cwd)}`);

  for (const position of distinct(positions.slice(0, POSITIONS_MAX))) {
    // A message that lists its places has said this one already.
    if (!error.message.includes(`${position.file}:${position.line}`)) output.error(`  ${showPlace(position, cwd)}`);
    if (position.column !== undefined || positions.length === 1)
      for (const line of sourceExcerpt(position)) output.error(`  ${line}`);
  }
  if (positions.length > POSITIONS_MAX) output.error(`  and ${positions.length - POSITIONS_MAX} more places`);
  if (detail !== undefined && !error.message.includes(detail)) output.error(`  ${detail}`);
  if (hint !== undefined)
    for (const line of fromHere(hint, cwd).split("\n")) output.error(`  ${output.style("cyan", line)}`);
}

/** Two faults of one procedure have one place. */
function distinct(positions: readonly SourcePosition[]): readonly SourcePosition[] {
  return [...new Map(positions.map((each) => [`${each.file}:${each.line}:${each.column}`, each])).values()];
}

function printUnexpected(output: Output, error: unknown, debug: boolean): void {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  output.error(`${output.style("red", "error")} unexpected: ${message.split("\n")[0]}`);
  if (!debug) output.error("  this is a defect of plinth-migrate; PLINTH_DEBUG=1 shows the details to report");
}

function withCauses(error: Error): string {
  const lines: string[] = [];
  for (let at: unknown = error; at instanceof Error && lines.length < 10; at = at.cause)
    lines.push(at.stack ?? String(at));
  return lines.join("\ncaused by ");
}

/** `migrations/001-a.sql:3:7`, the way editors and terminals make a link of. */
export function showPlace({ file, line, column }: SourcePosition, cwd: string): string {
  return `${shownPath(file, cwd)}:${line}${column === undefined ? "" : `:${column}`}`;
}

/** Messages name absolute paths; a reader knows where they stand. */
function fromHere(text: string, cwd: string): string {
  return text.replaceAll(`${cwd.replace(/\/$/, "")}/`, "");
}
