import { compareProcedure, isWidened, type LockedProcedure } from "./call-compatible.ts";
import { parseFileName } from "./file-name.ts";
import type { LockedFile, ProceduresLock } from "./lock-file.ts";
import { MigrateError } from "./migrate-error.ts";
import type { MigrationFile, Namespace } from "./migrations.ts";

/** The version of a namespace's files: its highest numbered migration, 0 without one. Repeatable files do not count. */
export function versionOf(namespace: Namespace): number {
  return namespace.files.reduce((highest, file) => (file.repeatable ? highest : Math.max(highest, file.number)), 0);
}

/** One way in which a namespace does not keep, or does not declare, what it released. */
export interface LockProblem {
  /** `removed` and `changed`: a promise is broken. `undeclared`: something new came without a new number. */
  readonly kind: "removed" | "changed" | "undeclared";
  readonly schema: string;
  readonly name: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

/** A release would break what an earlier one promised. The lock file was not written. */
export class PromiseBrokenError extends MigrateError {
  override readonly name = "PromiseBrokenError";
  readonly code = "MIG590";
  readonly kind = "contract";
  override readonly hint: string;

  readonly namespace: string;
  readonly problems: readonly LockProblem[];

  constructor(namespace: string, problems: readonly LockProblem[]) {
    super([`${namespace} does not keep what it released:`, ...problems.map((each) => `  ${each.message}`)].join("\n"));
    this.namespace = namespace;
    this.problems = problems;
    this.hint = [...new Set(problems.map((each) => each.hint))].join("; ");
  }
}

const PUT_BACK = "put it back; a procedure that has had its day is marked deprecated=N, and may do nothing";
const KEEP = "put the old signature back, and give what is new another name";
const ANNOUNCE = "the new file's number is all it takes; since= stays as it is";
const NAME_NUMBER = "add a numbered file, and name its number in since=";

/** Compares what a namespace has now with what it released. Pure. */
export function compareToLock(
  lock: ProceduresLock,
  version: number,
  procedures: readonly LockedProcedure[],
): readonly LockProblem[] {
  const problems: LockProblem[] = [];
  const report = (kind: LockProblem["kind"], { schema, name }: LockedProcedure, message: string, hint: string) =>
    problems.push({ kind, schema, name, message: `${schema}.${name} ${message}`, hint });
  const found = new Map(procedures.map((each) => [keyOf(each), each]));
  for (const promised of lock.procedures) {
    const now = found.get(keyOf(promised));
    found.delete(keyOf(promised));
    if (now === undefined) {
      report(
        "removed",
        promised,
        `was promised in version ${promised.since} and is gone: procedures are forever`,
        PUT_BACK,
      );
      continue;
    }
    const faults = compareProcedure(promised, now);
    for (const fault of faults) report("changed", promised, `is not what was promised: ${fault.message}`, KEEP);
    if (faults.length === 0 && isWidened(promised, now) && version <= lock.version)
      report(
        "undeclared",
        now,
        `takes or gives more than at version ${lock.version}: ${addNumber(lock.version)}`,
        ANNOUNCE,
      );
  }
  for (const added of found.values()) {
    if (added.since <= lock.version)
      report(
        "undeclared",
        added,
        `is new and says since=${added.since}, but version ${lock.version} was released without it`,
        NAME_NUMBER,
      );
  }
  for (const each of procedures) {
    if (each.since > version)
      report(
        "undeclared",
        each,
        `says since=${each.since}, but the highest number is ${version}: ${addNumber(version)}`,
        NAME_NUMBER,
      );
  }
  return problems;
}

/** The repeatable files whose content is another than at the last release, without a new number that says so. Pure. */
export function changedWithoutNumber(lock: ProceduresLock, namespace: Namespace): readonly MigrationFile[] {
  const version = versionOf(namespace);
  const locked = new Map(lock.files.map((each) => [numberOf(each), each]));
  return namespace.files.filter((file) => {
    const before = file.repeatable ? locked.get(file.number) : undefined;
    return before !== undefined && before.hash !== file.hash && version <= before.number;
  });
}

/**
 * The lock file of a release: all that was promised before, and what this release adds. Pure.
 *
 * @throws {PromiseBrokenError} A promise is gone or changed, or something is new without a new number.
 */
export function mergeLock(
  before: ProceduresLock | undefined,
  namespace: Namespace,
  procedures: readonly LockedProcedure[],
): ProceduresLock {
  const version = versionOf(namespace);
  const base: ProceduresLock = before ?? {
    format: 1,
    namespace: namespace.name,
    version: -1,
    files: [],
    procedures: [],
  };
  const problems = [...compareToLock(base, version, procedures)];
  for (const file of changedWithoutNumber(base, namespace))
    problems.push({
      kind: "undeclared",
      schema: "",
      name: file.fileName,
      message: changedMessage(file, version),
      hint: ANNOUNCE,
    });
  if (problems.length > 0) throw new PromiseBrokenError(namespace.name, problems);

  const locked = new Map(base.files.map((each) => [numberOf(each), each]));
  const files = namespace.files.flatMap((file) => {
    if (!file.repeatable) return [];
    const unchanged = locked.get(file.number);
    const number = unchanged?.hash === file.hash ? unchanged.number : version;
    return [{ file: file.fileName, hash: file.hash, number }];
  });
  return { format: 1, namespace: namespace.name, version: Math.max(version, base.version), files, procedures };
}

/** The lock of a namespace that was never released: below every version, promising nothing. */
export function emptyLock(namespace: string): ProceduresLock {
  return { format: 1, namespace, version: -1, files: [], procedures: [] };
}

/** What to say of a file that {@link changedWithoutNumber} found. */
export function changedMessage(file: MigrationFile, version: number): string {
  return `${file.fileName} is not as it was released with number ${version}: ${addNumber(version)}`;
}

function addNumber(version: number): string {
  return `add a numbered file above ${version} (it may hold only a comment)`;
}

function keyOf(procedure: LockedProcedure): string {
  return JSON.stringify([procedure.schema, procedure.name]);
}

function numberOf(file: LockedFile): number {
  const parsed = parseFileName(file.file);
  return "problem" in parsed ? -1 : parsed.number;
}
