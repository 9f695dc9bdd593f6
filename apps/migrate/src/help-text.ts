import { type CommandSpec, commands } from "./commands.ts";
import { commonOptions, type OptionSpec, version } from "./option-table.ts";

const WIDTH = 100;

const ENVIRONMENT = [
  ["MIGRATE_DATABASE_URL", "The database, for migrations alone."],
  ["DATABASE_URL, PG*", "The database, where that is not set: a URL, or the variables of libpq."],
  ["NO_COLOR, CI", "No colours; no line that is written over."],
  ["PLINTH_DEBUG=1", "Details of an error that should not have happened."],
] as const;

const EXIT_CODES =
  "0 ok, 1 a defect of plinth-migrate, 2 usage, files or graph, 3 pending (with --exit-code), 4 validation, 5 failed and rolled back, 6 failed part-way, 7 lock timeout, 8 connection or privilege, 9 lint, 10 procedure or grant contract, 130 and 143 signals";

/** The help of the program, or of one command. */
export function helpText(command: CommandSpec | undefined): string {
  return command === undefined ? programHelp() : commandHelp(command);
}

function programHelp(): string {
  return [
    "Usage: plinth-migrate <command> [options]",
    "",
    "Forward-only SQL migrations from many packages in one run, safe to start from everywhere at once.",
    "",
    "Commands:",
    ...twoColumns(commands.map((each) => [[each.name, ...(each.words ?? [])].join(" "), each.summary])),
    "",
    "Options of every command:",
    ...optionLines([...commonOptions, version]),
    "",
    "Environment:",
    ...twoColumns(ENVIRONMENT),
    "",
    ...wrap(`Exit codes: ${EXIT_CODES}.`, WIDTH),
    "",
    "plinth-migrate <command> --help says more.",
  ].join("\n");
}

function commandHelp(command: CommandSpec): string {
  return [
    `Usage: ${["plinth-migrate", command.name, ...(command.words ?? []), "[options]"].join(" ")}`,
    "",
    ...wrap(`${command.summary} ${command.about}`, WIDTH),
    "",
    "Options:",
    ...optionLines([...command.options, ...commonOptions]),
  ].join("\n");
}

function optionLines(options: readonly OptionSpec[]): readonly string[] {
  return twoColumns(
    options.map(({ name, short, value, help }) => {
      const shown = value?.startsWith("[") ? `[=${value.slice(1, -1)}]` : value === undefined ? "" : ` ${value}`;
      return [`${short === undefined ? "    " : `-${short}, `}--${name}${shown}`, help];
    }),
  );
}

function twoColumns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const left = Math.max(...rows.map(([name]) => name.length)) + 4;
  return rows.flatMap(([name, text]) =>
    wrap(text, WIDTH - left).map((line, at) => `${(at === 0 ? `  ${name}` : "").padEnd(left)}${line}`),
  );
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
