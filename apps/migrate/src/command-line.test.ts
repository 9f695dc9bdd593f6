import { expect, test } from "@jest/globals";
import { parseCommandLine } from "./command-line.ts";
import { CommandLineError } from "./command-line-error.ts";

function parsed(...argv: string[]) {
  const request = parseCommandLine(argv);
  if (request.kind !== "run") throw new Error(`expected a command, got ${request.kind}`);
  return { name: request.command.name, args: request.args };
}

function refusal(...argv: string[]): string {
  try {
    parseCommandLine(argv);
  } catch (error) {
    if (error instanceof CommandLineError) return `${error.message}; ${error.hint ?? ""}`;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("options stand before and after the command, with a blank or a =", () => {
  const { name, args } = parsed("--json", "apply", "--lock-timeout=5s", "-d", "db/migrations");
  expect(name).toBe("apply");
  expect(args.has("json")).toBe(true);
  expect(args.value("lock-timeout")).toBe("5s");
  expect(args.value("directory")).toBe("db/migrations");
  expect(args.has("strict")).toBe(false);
});

test("of an option given twice the last counts, so that a script's can be overridden", () => {
  expect(parsed("plan", "-d", "a", "--directory", "b").args.value("directory")).toBe("b");
});

test("a value may be left out where the help says so", () => {
  expect(parsed("verify", "--shadow").args.has("shadow")).toBe(true);
  expect(parsed("verify", "--shadow").args.value("shadow")).toBeUndefined();
  expect(parsed("verify", "--shadow=postgres://h/x").args.value("shadow")).toBe("postgres://h/x");
  expect(parsed("verify", "--shadow", "postgres://h/x").args.value("shadow")).toBe("postgres://h/x");
});

test("a word after -- is a word", () => {
  expect(parsed("new", "--", "-odd").args.words).toEqual(["-odd"]);
});

test("help and the version are asked for in any place", () => {
  expect(parseCommandLine(["apply", "--help"])).toMatchObject({
    kind: "help",
    command: { name: "apply" },
    asked: true,
  });
  expect(parseCommandLine(["help", "lint"])).toMatchObject({ kind: "help", command: { name: "lint" } });
  expect(parseCommandLine(["-h"])).toMatchObject({ kind: "help", command: undefined, asked: true });
  expect(parseCommandLine(["--version"])).toEqual({ kind: "version" });
  expect(parseCommandLine([])).toMatchObject({ kind: "help", asked: false });
});

test.each([
  [["aply"], 'unknown command "aply"; did you mean apply?'],
  [["rollback"], /^unknown command "rollback"; the commands are plan, apply, /],
  [["plan", "--dirctory", "x"], 'plan has no option "--dirctory"; did you mean --directory?'],
  [["plan", "--lock-timeout", "5s"], /^plan has no option "--lock-timeout", an option of apply and repair; /],
  [["--jsn"], 'unknown option "--jsn"; did you mean --json?'],
  [["plan", "-x"], /^plan has no option "-x"; see plinth-migrate plan --help/],
  [["plan", "extra"], /^plan does not know what to do with "extra"; /],
  [["new"], /^new needs <name>; /],
  [["new", "a", "b"], /^new does not know what to do with "b"; /],
  [["plan", "--directory"], /^--directory needs a value: --directory <path>/],
  [["plan", "--directory", "--json"], /^--directory needs a value/],
  [["plan", "--directory="], /^--directory needs a value/],
  [["plan", "--json=yes"], /^--json takes no value/],
  [["help", "aply"], 'unknown command "aply"; did you mean apply?'],
])("%j is refused with what to do", (argv, message) => {
  if (typeof message === "string") expect(refusal(...argv)).toBe(message);
  else expect(refusal(...argv)).toMatch(message);
});
