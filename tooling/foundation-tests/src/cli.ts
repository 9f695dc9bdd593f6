import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const bin: string = join(
  dirname(createRequire(import.meta.url).resolve("@plinth/migrate-cli/package.json")),
  "bin/plinth-migrate.js",
);

/** What a process left. */
export interface Run {
  /** The exit code; of a process that a signal ended, the signal's name. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly url: string;
  /** Added to PATH, HOME and the database's address: nothing else of the machine's leaks in. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A running `plinth-migrate`. */
export interface RunningCli {
  readonly process: ChildProcessWithoutNullStreams & { readonly pid: number };
  readonly done: Promise<Run>;
}

/** Starts the command as a shell would: the real bin, a process of its own. */
export function startCli(args: readonly string[], { cwd, url, env = {} }: CliOptions): RunningCli {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", MIGRATE_DATABASE_URL: url, ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.end();
  const done = new Promise<Run>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code: code ?? signal ?? "", stdout, stderr }));
  });
  return { process: child as RunningCli["process"], done };
}

export function runCli(args: readonly string[], options: CliOptions): Promise<Run> {
  return startCli(args, options).done;
}

/** The document that a command printed with `--json`. Fails unless stdout holds it and nothing else. */
export function documentOf<Document = Record<string, unknown>>(run: Run): Document {
  return JSON.parse(run.stdout) as Document;
}
