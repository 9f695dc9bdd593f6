import { parseArgs } from "node:util";
import { closestName } from "./closest-name.ts";
import { CommandLineError } from "./command-line-error.ts";
import { type CommandSpec, commandNames, commands } from "./commands.ts";
import { commonOptions, type OptionSpec, version } from "./option-table.ts";

/** What a command was given: its options by name, and the words beside them. */
export interface Arguments {
  has(option: string): boolean;
  /** The option's value, or nothing if it was not given or has none. */
  value(option: string): string | undefined;
  readonly words: readonly string[];
}

/** What the command line asks for. */
export type Request =
  | { readonly kind: "version" }
  | { readonly kind: "help"; readonly command: CommandSpec | undefined; readonly asked: boolean }
  | { readonly kind: "run"; readonly command: CommandSpec; readonly args: Arguments };

/**
 * Reads the command line, without the names of Node and the program.
 *
 * @throws {CommandLineError} An unknown command or option, or a value missing or too many.
 */
export function parseCommandLine(argv: readonly string[]): Request {
  const all = new Map([...commonOptions, version, ...commands.flatMap((each) => each.options)].map((o) => [o.name, o]));
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      [...all.values()].map(({ name, short, value }) => [
        name,
        { type: value?.startsWith("<") ? "string" : "boolean", ...(short === undefined ? {} : { short }) } as const,
      ]),
    ),
  });

  const given = new Map<string, { spec: OptionSpec | undefined; written: string; value: string | undefined }>();
  const words: string[] = [];
  for (const [at, token] of tokens.entries()) {
    if (token.kind === "positional") {
      const before = tokens[at - 1];
      const takesIt =
        before?.kind === "option" &&
        !before.inlineValue &&
        all.get(before.name)?.value?.startsWith("[") &&
        isUrl(token.value);
      if (takesIt) given.get(before.name)!.value = token.value;
      else words.push(token.value);
    } else if (token.kind === "option") {
      const spec = all.get(token.name);
      checkValue(spec, token.rawName, token.value, token.inlineValue === true);
      given.set(token.name, { spec, written: token.rawName, value: token.value });
    }
  }

  if (given.has("version")) return { kind: "version" };
  const [first, ...rest] = words;
  const name = first === "help" ? rest[0] : first;
  const command = name === undefined ? undefined : findCommand(name);
  if (first === "help" || given.has("help")) return { kind: "help", command, asked: true };
  for (const option of given.values()) checkKnown(option.spec, option.written, command);
  if (command === undefined) return { kind: "help", command, asked: false };
  checkWords(command, rest);
  return {
    kind: "run",
    command,
    args: { has: (option) => given.has(option), value: (option) => given.get(option)?.value, words: rest },
  };
}

function findCommand(name: string): CommandSpec {
  const command = commands.find((each) => each.name === name);
  if (command !== undefined) return command;
  throw unknown(`unknown command ${quoted(name)}`, name, commandNames, `the commands are ${commandNames.join(", ")}`);
}

function checkKnown(spec: OptionSpec | undefined, written: string, command: CommandSpec | undefined): void {
  const known = [...commonOptions, ...(command === undefined ? [version] : command.options)];
  if (spec !== undefined && (known.includes(spec) || command === undefined)) return;
  const names = known.map((each) => `--${each.name}`);
  const owners = commands.filter((each) => spec !== undefined && each.options.includes(spec)).map((each) => each.name);
  const message =
    command === undefined ? `unknown option ${quoted(written)}` : `${command.name} has no option ${quoted(written)}`;
  const help = `see plinth-migrate ${command === undefined ? "" : `${command.name} `}--help`;
  throw unknown(
    owners.length === 0 ? message : `${message}, an option of ${owners.join(" and ")}`,
    written,
    names,
    help,
  );
}

function checkValue(spec: OptionSpec | undefined, written: string, value: string | undefined, inline: boolean): void {
  if (spec === undefined) return;
  if (spec.value === undefined && inline) throw new CommandLineError(`${written} takes no value`);
  if (!spec.value?.startsWith("<")) return;
  if (value === undefined || value === "" || (!inline && value.startsWith("-")))
    throw new CommandLineError(`${written} needs a value: ${written} ${spec.value}`);
}

function checkWords(command: CommandSpec, words: readonly string[]): void {
  const wanted = command.words ?? [];
  if (words.length > wanted.length)
    throw new CommandLineError(
      `${command.name} does not know what to do with ${quoted(words[wanted.length] ?? "")}`,
      `see plinth-migrate ${command.name} --help`,
    );
  if (words.length < wanted.length)
    throw new CommandLineError(
      `${command.name} needs ${wanted[words.length]}`,
      `plinth-migrate ${command.name} ${wanted.join(" ")}`,
    );
}

function unknown(message: string, given: string, names: readonly string[], otherwise: string): CommandLineError {
  const meant = closestName(given, names);
  return new CommandLineError(message, meant === undefined ? otherwise : `did you mean ${meant}?`);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

function isUrl(text: string): boolean {
  return /^[a-z]+:\/\//i.test(text);
}
