/** An option of the command line. An option has the same meaning wherever it is known. */
export interface OptionSpec {
  readonly name: string;
  /** What stands for its value in the help, like `<path>`; without it the option takes no value. `[url]`: the value may be left out. */
  readonly value?: string;
  readonly short?: string;
  readonly help: string;
}

const directory: OptionSpec = {
  name: "directory",
  short: "d",
  value: "<path>",
  help: "The migrations directory. Default: the nearest one from here upwards, which is a folder `migrations` with a namespaces.txt or .sql files in it.",
};

const json: OptionSpec = {
  name: "json",
  help: "Print one JSON document to stdout and nothing else; what is going on is told on stderr.",
};

const quiet: OptionSpec = {
  name: "quiet",
  short: "q",
  help: "Print nothing but errors, and the JSON document with --json.",
};

const noColor: OptionSpec = { name: "no-color", help: "No colours. So does the environment variable NO_COLOR." };

const help: OptionSpec = { name: "help", short: "h", help: "Show this." };

/** What every command knows. */
export const commonOptions: readonly OptionSpec[] = [directory, json, quiet, noColor, help];

export const version: OptionSpec = { name: "version", help: "Print the version." };

export const databaseUrl: OptionSpec = {
  name: "database-url",
  value: "<url>",
  help: "The database. Default: MIGRATE_DATABASE_URL, else DATABASE_URL, else the PG* variables of libpq. Prefer those: what stands on a command line, passwords too, is seen by everyone who may list processes.",
};

export const lockTimeout: OptionSpec = {
  name: "lock-timeout",
  value: "<time>",
  help: "How long to wait for another migrator to end: 500ms, 60s, 5m. 0s waits not at all. Default: 60s.",
};

export const statementLockTimeout: OptionSpec = {
  name: "statement-lock-timeout",
  value: "<time>",
  help: "How long a statement may wait for a lock of the application's, and so hold up its readers. Then all of the batch is rolled back and tried again, ten times. Default: 3s.",
};

export const transaction: OptionSpec = {
  name: "transaction",
  value: "<namespace|file>",
  help: "What commits together: all pending files of a namespace (the default), or each file by itself, for installs too large for one transaction.",
};

export const strict: OptionSpec = {
  name: "strict",
  help: "Refuse a pending file whose number is lower than one that was applied, instead of warning.",
};

export const exitCode: OptionSpec = { name: "exit-code", help: "Exit with 3 if anything is pending." };

export const shadow: OptionSpec = {
  name: "shadow",
  value: "[url]",
  help: "Also replay everything on a scratch database, made for it on the same server and dropped again, or on the empty one given.",
};

export const base: OptionSpec = {
  name: "base",
  value: "<ref>",
  help: "The git revision to compare with: files that it has are not judged again, only whether they were edited.",
};

export const repeatable: OptionSpec = {
  name: "repeatable",
  help: "A file that runs again whenever its content changes: NNN-r-<name>.sql.",
};

export const check: OptionSpec = {
  name: "check",
  help: "Write nothing; exit with 4 if what would be written differs.",
};

export const lock: OptionSpec = {
  name: "lock",
  help: "Also write procedures.lock.json: a promise that the procedures stay as they are now. Part of a release.",
};

export const markApplied: OptionSpec = {
  name: "mark-applied",
  value: "<namespace:number>",
  help: "All of the file is in effect: it counts as applied and does not run.",
};

export const markFailed: OptionSpec = {
  name: "mark-failed",
  value: "<namespace:number>",
  help: "The file counts as not applied: the next apply runs it from its first statement.",
};

export const acceptHash: OptionSpec = {
  name: "accept-hash",
  value: "<namespace:number>",
  help: "The file was edited after it was applied, and the edit has no effect: it counts as applied as it is.",
};
