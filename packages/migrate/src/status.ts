import { knownKeys } from "@plinth/db-core/errors";
import { accessOf } from "./apply.ts";
import type { MigrationDatabase } from "./connection.ts";
import type { LedgerEntry, LedgerState } from "./ledger.ts";
import type { Migrations } from "./migrations.ts";
import { comparePlan, type Plan, versionOf } from "./plan.ts";
import type { ReadOptions } from "./plan-command.ts";
import { readState } from "./read-state.ts";

/** How one namespace stands. */
export interface NamespaceStatus {
  readonly namespace: string;
  /** Files that are applied as they are. */
  readonly applied: number;
  /** Files that were never applied here. */
  readonly pending: number;
  /** Applied files with another content now: repeatable ones that will run again, and edited ones. */
  readonly changed: number;
  /** Applied files that are no longer there. Their effect stays; nothing is wrong with it. */
  readonly missing: number;
  /** Files without a transaction that stopped part-way. */
  readonly failed: number;
  /** The highest applied numbered file; `undefined`: none. */
  readonly version: number | undefined;
  /** False: the ledger knows the namespace, and the files don't. */
  readonly onDisk: boolean;
}

/** A file that stopped part-way. */
export interface StoppedFile {
  readonly namespace: string;
  readonly number: number;
  readonly name: string;
  /** `running`: its run ended without a word, or goes on right now. */
  readonly status: "running" | "failed";
  readonly statementsDone: number;
  readonly statementCount: number;
  readonly error: unknown;
}

/** How a database stands against the files. */
export interface Status {
  /** In the order in which they run; then those that only the ledger knows. */
  readonly namespaces: readonly NamespaceStatus[];
  readonly stopped: readonly StoppedFile[];
  /** What is odd and may be meant: an older checkout, a new number below an applied one, roles or grants that are missing. */
  readonly warnings: readonly string[];
}

/** Counts what is applied and what is not. Writes nothing, takes no lock. */
export async function status(
  db: MigrationDatabase,
  migrations: Migrations,
  options: ReadOptions = {},
): Promise<Status> {
  knownKeys(options, ["access"]);
  const access = await accessOf(migrations, options.access);
  const { ledger, warnings } = await readState(db, migrations, access);
  return { ...statusOf(migrations, ledger), warnings: [...comparePlan(migrations, ledger).warnings, ...warnings] };
}

/** As {@link status}, of a ledger that was read. Pure. */
export function statusOf(migrations: Migrations, ledger: LedgerState): Omit<Status, "warnings"> {
  const plan = comparePlan(migrations, ledger);
  const onDisk = new Set(migrations.namespaces.map(({ name }) => name));
  const names = [...onDisk, ...[...ledger.namespaces.keys()].filter((name) => !onDisk.has(name)).sort()];
  const entries = [...ledger.namespaces.values()].flatMap((files) => [...files.values()]);
  return {
    namespaces: names.map((name) => namespaceStatus(name, migrations, ledger, plan)),
    stopped: entries.flatMap(stoppedFile),
  };
}

function namespaceStatus(name: string, migrations: Migrations, ledger: LedgerState, plan: Plan): NamespaceStatus {
  const namespace = migrations.namespaces.find((each) => each.name === name);
  const entries = ledger.namespaces.get(name) ?? new Map<number, LedgerEntry>();
  const numbers = new Set(namespace?.files.map((file) => file.number));
  const planned = plan.pending.filter(({ file }) => file.namespace === name);
  const changed = planned.filter(({ reason }) => reason === "changed").length;
  const edited = plan.edited.filter(({ file }) => file.namespace === name).length;
  const values = [...entries.values()];
  const applied = values.filter((entry) => entry.status === "applied").length;
  return {
    namespace: name,
    applied: applied - changed - edited,
    pending: planned.filter(({ reason }) => reason === "new" || reason === "again").length,
    changed: changed + edited,
    missing: values.filter((entry) => entry.status === "applied" && !numbers.has(entry.number)).length,
    failed: values.filter((entry) => entry.status === "failed" || entry.status === "running").length,
    version: versionOf(entries),
    onDisk: namespace !== undefined,
  };
}

function stoppedFile(entry: LedgerEntry): StoppedFile[] {
  if (entry.status !== "failed" && entry.status !== "running") return [];
  const { namespace, number, name, status, progress } = entry;
  return [
    {
      namespace,
      number,
      name,
      status,
      statementsDone: progress?.statementsDone ?? 0,
      statementCount: progress?.statementHashes.length ?? 0,
      error: progress?.error,
    },
  ];
}
