import type { Arguments } from "./command-line.ts";
import type { Output } from "./output.ts";

/** What a command is given: nothing is taken from the process behind its back. */
export interface CommandContext {
  readonly args: Arguments;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly output: Output;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Data of the `--json` document. Filled as it becomes known, so that a failure's document says what was done before. */
  readonly facts: Record<string, unknown>;
  /** Words for people to end with, below the error if there is one. */
  readonly closing: string[];
}

/** Does the work and prints it. Resolves to the exit code; a failure is thrown. */
export type Command = (context: CommandContext) => Promise<number>;
