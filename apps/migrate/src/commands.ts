import type { Command } from "./command.ts";
import * as option from "./option-table.ts";

/** A command as the command line knows it. Its code is loaded when it is run, so that each pays for itself alone. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** More, for its own help. */
  readonly about: string;
  readonly options: readonly option.OptionSpec[];
  /** The words it takes after its name, in order, all needed. */
  readonly words?: readonly string[];
  /** Whether it holds something in the database that a signal should let it clean up. The others end at once. */
  readonly cleansUp: boolean;
  load(): Promise<Command>;
}

export const commands: readonly CommandSpec[] = [
  {
    name: "plan",
    summary: "Show what apply would run, in order, and why.",
    about: "Reads the files and the ledger. Takes no lock and writes nothing.",
    options: [option.databaseUrl, option.strict, option.exitCode],
    cleansUp: false,
    load: async () => (await import("./commands/plan.ts")).plan,
  },
  {
    name: "apply",
    summary: "Run everything that is pending; safe to start from everywhere at once.",
    about:
      "The pending files of one namespace run in one transaction, their ledger rows included. A failure rolls that namespace back and keeps those before it.",
    options: [option.databaseUrl, option.lockTimeout, option.statementLockTimeout, option.transaction, option.strict],
    cleansUp: true,
    load: async () => (await import("./commands/apply.ts")).apply,
  },
  {
    name: "status",
    summary: "Show each namespace's version, and what is pending, changed, missing or failed.",
    about: "Reads the files and the ledger. Takes no lock and writes nothing.",
    options: [option.databaseUrl, option.exitCode],
    cleansUp: false,
    load: async () => (await import("./commands/status.ts")).status,
  },
  {
    name: "verify",
    summary: "Check that files, ledger, procedures and grants agree.",
    about: "Looks for edited files, drift, broken promises of procedures, and grants that are missing or too many.",
    options: [option.databaseUrl, option.shadow],
    cleansUp: true,
    load: async () => (await import("./commands/verify.ts")).verify,
  },
  {
    name: "lint",
    summary: "Check the files, without a database.",
    about: "Exits with 9 if there are errors; warnings alone exit with 0.",
    options: [option.base],
    cleansUp: false,
    load: async () => (await import("./commands/lint.ts")).lint,
  },
  {
    name: "new",
    summary: "Make a file with the next number.",
    about: "The number is the next one of this directory.",
    options: [option.repeatable],
    words: ["<name>"],
    cleansUp: false,
    load: async () => (await import("./commands/new.ts")).newFile,
  },
  {
    name: "types",
    summary: "Write the typed callers of the procedures, from the catalog of a scratch database.",
    about:
      "Migrates a scratch database on the server given, reads its catalog, writes procedures.gen.ts and structure.gen.ts, and drops it again.",
    options: [option.databaseUrl, option.check, option.lock],
    cleansUp: true,
    load: async () => (await import("./commands/types.ts")).types,
  },
  {
    name: "graph",
    summary: "Show which packages' migrations run, and in which order.",
    about: "Reads manifests and file names. Needs no database.",
    options: [],
    cleansUp: false,
    load: async () => (await import("./commands/graph.ts")).graph,
  },
  {
    name: "repair",
    summary: "Write an operator's decision about one file into the ledger.",
    about: "Adds a row; removes nothing and runs no file. Look at the database first.",
    options: [option.databaseUrl, option.markApplied, option.markFailed, option.acceptHash, option.lockTimeout],
    cleansUp: true,
    load: async () => (await import("./commands/repair.ts")).repair,
  },
];

export const commandNames: readonly string[] = commands.map((each) => each.name);
