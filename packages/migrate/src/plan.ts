import type { LedgerEntry, LedgerState, Progress } from "./ledger.ts";
import type { MigrationFile, Migrations, Namespace } from "./migrations.ts";
import type { EditedFile } from "./run-errors.ts";

/** A file that the next `apply` runs. */
export interface PlannedFile {
  readonly file: MigrationFile;
  /** `new`: never applied here. `changed`: a repeatable file with another content. `resume`: it stopped part-way. `again`: a repair said it isn't applied. */
  readonly reason: "new" | "changed" | "resume" | "again";
  /** The number is below one that was applied before: legal, and a surprise to who reads the history. */
  readonly outOfOrder: boolean;
  /** Of a file to resume: what the ledger knows of it. */
  readonly progress: Progress | undefined;
  /** Of a file to resume: the earlier run ended without saying how its last statement went. */
  readonly interrupted: boolean;
}

/** What the next `apply` would do. */
export interface Plan {
  /** In the order in which they run. */
  readonly pending: readonly PlannedFile[];
  /** Applied numbered files that were edited: with one of them, `apply` runs nothing. */
  readonly edited: readonly EditedFile[];
  readonly warnings: readonly string[];
}

/** A plan, and what only the run asks. */
export interface Comparison extends Plan {
  /** Namespaces of which the database is newer than the files: nothing repeatable of theirs may run. */
  readonly ahead: ReadonlySet<string>;
}

/** Compares the files to the ledger. Pure. */
export function comparePlan(migrations: Migrations, ledger: LedgerState): Comparison {
  const pending: PlannedFile[] = [];
  const edited: EditedFile[] = [];
  const warnings: string[] = [...migrations.warnings];
  const aheads = new Set<string>();
  for (const namespace of migrations.namespaces) {
    const entries = ledger.namespaces.get(namespace.name) ?? new Map<number, LedgerEntry>();
    const ahead = aheadOf(namespace, entries);
    if (ahead !== undefined) {
      warnings.push(ahead);
      aheads.add(namespace.name);
    }
    const highest = highestApplied(entries);
    for (const file of namespace.files) {
      const step = compareFile(file, entries.get(file.number), ahead !== undefined, highest);
      if (step === undefined) continue;
      if ("appliedHash" in step) edited.push(step);
      else {
        pending.push(step);
        if (step.outOfOrder)
          warnings.push(`${file.namespace} ${file.fileName} is new and below ${highest}, which was applied before it`);
      }
    }
  }
  return { pending, edited, warnings, ahead: aheads };
}

function compareFile(
  file: MigrationFile,
  entry: LedgerEntry | undefined,
  ahead: boolean,
  highest: number,
): PlannedFile | EditedFile | undefined {
  const planned = { file, outOfOrder: false, progress: undefined, interrupted: false };
  // An older checkout's repeatable files would put old bodies over new ones, whether they ran here under this number or not.
  if (ahead && file.repeatable) return undefined;
  if (entry === undefined) return { ...planned, reason: "new", outOfOrder: file.number < highest };
  if (entry.status === "resolved") return { ...planned, reason: "again" };
  if (entry.status === "running" || entry.status === "failed")
    return { ...planned, reason: "resume", progress: entry.progress, interrupted: entry.status === "running" };
  if (entry.hash === file.hash) return undefined;
  if (file.repeatable) return { ...planned, reason: "changed" };
  return { file, appliedHash: entry.hash, appliedAt: entry.finishedAt, appliedBy: entry.appliedBy };
}

/** Whether the database was migrated by a newer checkout than this one, as a warning. */
function aheadOf(namespace: Namespace, entries: ReadonlyMap<number, LedgerEntry>): string | undefined {
  const inLedger = versionOf(entries);
  const onDisk = namespace.files.reduce((max, file) => (file.repeatable ? max : Math.max(max, file.number)), -1);
  if (inLedger === undefined || inLedger <= onDisk) return undefined;
  return `${namespace.name}: the database is at ${inLedger}, this checkout ends at ${onDisk < 0 ? "none" : onDisk}: an older checkout, its repeatable files are not run and grants stay as they are`;
}

/** V: the highest applied numbered file of a namespace. */
export function versionOf(entries: ReadonlyMap<number, LedgerEntry>): number | undefined {
  let version: number | undefined;
  for (const entry of entries.values()) {
    if (entry.kind === "numbered" && entry.status === "applied" && (version === undefined || entry.number > version))
      version = entry.number;
  }
  return version;
}

function highestApplied(entries: ReadonlyMap<number, LedgerEntry>): number {
  return versionOf(entries) ?? -1;
}
