import { readFileSync } from "node:fs";
import { type Arguments, parseCommandLine } from "./command-line.ts";
import type { CommandSpec } from "./commands.ts";
import { EXIT_OK, EXIT_PENDING, exitCodeOf, exitCodeOfError, exitCodeOfSignal } from "./exit-codes.ts";
import { Output } from "./output.ts";
import { listenForStopSignals } from "./stop-signals.ts";

/** Runs the command line of this process, and ends it with the exit code once everything that was printed is out. */
export async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const output = new Output(process.stdout, process.stderr, {
    json: argv.includes("--json"),
    quiet: argv.includes("--quiet") || argv.includes("-q"),
    noColor: argv.includes("--no-color"),
    env: process.env,
  });
  // A reader that went away stops the words, not the run: half a migration is worse than an unread line.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  for (const event of ["uncaughtException", "unhandledRejection"] as const)
    process.on(event, async (error) =>
      exit(await fail(output, error, { command: null, facts: {}, closing: [], stopped: undefined })),
    );

  exit(await run(argv, output));
}

async function run(argv: readonly string[], output: Output): Promise<number> {
  const ending: Ending = { command: null, facts: {}, closing: [], stopped: undefined };
  try {
    const request = parseCommandLine(argv);
    if (request.kind === "version") return showVersion(output);
    if (request.kind === "help") {
      const { helpText } = await import("./help-text.ts");
      return showHelp(output, helpText(request.command), request.asked);
    }
    return await runCommand(request.command, request.args, output, ending);
  } catch (error) {
    return fail(output, error, ending);
  }
}

async function runCommand(command: CommandSpec, args: Arguments, output: Output, ending: Ending): Promise<number> {
  ending.command = command.name;
  const signal = listenForStopSignals((received) => {
    ending.stopped = exitCodeOfSignal(received);
    if (!command.cleansUp) exit(ending.stopped);
    else output.error(`stopping on ${received}, as soon as all is left in order; a second signal ends at once`);
  });
  const { facts, closing } = ending;
  const run = await command.load();
  const exitCode = await run({ args, env: process.env, cwd: process.cwd(), output, signal, facts, closing });
  for (const line of closing) output.line(line);
  output.document({ command: command.name, ok: exitCode === EXIT_OK || exitCode === EXIT_PENDING, exitCode, ...facts });
  return exitCode;
}

/** What is known for the end of a run, however it ends. */
interface Ending {
  command: string | null;
  readonly facts: Record<string, unknown>;
  readonly closing: string[];
  /** The exit code, once a signal has come. */
  stopped: number | undefined;
}

/** Reports a failure on stderr, and as the document where one is due. */
async function fail(output: Output, error: unknown, ending: Ending): Promise<number> {
  const exitCode = ending.stopped ?? exitCodeOfError(error);
  const [{ printError }, { errorDocument }] = await Promise.all([
    import("./error-text.ts"),
    import("./error-document.ts"),
  ]);
  printError(output, error, process.cwd(), process.env.PLINTH_DEBUG === "1");
  for (const line of ending.closing) output.error(line);
  output.document({ command: ending.command, ok: false, exitCode, ...ending.facts, error: errorDocument(error) });
  return exitCode;
}

function showVersion(output: Output): number {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  output.line(`plinth-migrate ${version}`);
  output.document({ version });
  return EXIT_OK;
}

function showHelp(output: Output, help: string, asked: boolean): number {
  if (asked) output.line(help);
  else output.error(help);
  output.document({ help });
  return asked ? EXIT_OK : exitCodeOf("usage");
}

/** Ends the process when its streams have taken everything: a handle that something left open does not hold it. */
function exit(code: number): void {
  process.exitCode = code;
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}
