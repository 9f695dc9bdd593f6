import { type Annotation, findAnnotations } from "../annotations.ts";
import { compareProcedure, type LockedProcedure } from "../call-compatible.ts";
import { dropHint, dropStatement } from "../drop-statement.ts";
import { changedMessage, changedWithoutNumber, compareToLock, type LockProblem, versionOf } from "../lock-check.ts";
import type { ProceduresLock } from "../lock-file.ts";
import type { MigrationFile, Namespace } from "../migrations.ts";
import type { FileFinding } from "./base-rules.ts";
import {
  asLocked,
  type DefinedFunction,
  type DroppedFunction,
  definedFunctions,
  droppedFunctions,
  spellTypes,
} from "./defined-procedures.ts";
import type { RawFinding } from "./lint-finding.ts";
import type { ParsedSql } from "./parse-sql.ts";

/** A repeatable file of the namespace, parsed. */
export interface RepeatableFile {
  readonly file: MigrationFile;
  readonly text: string;
  readonly sql: ParsedSql;
}

interface Defined {
  readonly file: MigrationFile;
  readonly annotation: Annotation;
  readonly found: DefinedFunction;
}

const RULES: Readonly<Record<LockProblem["kind"], string>> = {
  removed: "MIG413",
  changed: "MIG414",
  undeclared: "MIG415",
};

/** Findings about the lock file itself have no migration to stand in. */
export type LockFinding = FileFinding | (RawFinding & { readonly file: undefined });

/**
 * What of the last release no longer holds, as far as the files tell without a database: MIG412 a file changed without a number, MIG413 a
 * promised procedure gone, MIG414 one changed, MIG415 a new one that its number does not announce, MIG418 one that grew and is not dropped before it is
 * made. `earlier` are the numbered files that no release had yet.
 */
export async function lockRules(
  namespace: Namespace,
  lock: ProceduresLock,
  files: readonly RepeatableFile[],
  earlier: readonly ParsedSql[],
): Promise<readonly LockFinding[]> {
  const version = versionOf(namespace);
  const findings: LockFinding[] = changedWithoutNumber(lock, namespace).map((file) => ({
    file,
    rule: "MIG412",
    severity: "error",
    message: changedMessage(file, version),
    hint: "older checkouts know by the number that they must not put the old bodies back",
    offset: undefined,
  }));

  const spelt = { ...lock, procedures: await spellTypes(lock.procedures) };
  const defined = new Map(files.flatMap(definitions));
  const promised = new Map(spelt.procedures.map((each) => [`${each.schema}.${each.name}`, each]));
  const found = [...defined].map(([name, each]) => asLocked(each.found, each.annotation, promised.get(name)));
  for (const problem of compareToLock(spelt, version, found)) {
    const at = defined.get(`${problem.schema}.${problem.name}`);
    const rule = RULES[problem.kind];
    const raw = { rule, severity: "error", message: problem.message, hint: problem.hint } as const;
    if (at === undefined) findings.push({ ...raw, file: undefined, offset: undefined });
    else findings.push({ ...raw, file: at.file, offset: at.found.offset });
  }
  for (const [index, before] of lock.procedures.entries()) {
    const name = `${before.schema}.${before.name}`;
    const at = defined.get(name);
    const now = found.find((each) => each.schema === before.schema && each.name === before.name);
    if (at === undefined || now === undefined) continue;
    const own = files.find(({ file }) => file === at.file);
    const above = own === undefined ? [] : droppedFunctions(own.sql).filter(({ offset }) => offset < at.found.offset);
    const drops = [...above, ...earlier.flatMap(droppedFunctions)].filter((each) => each.name === name);
    const finding = undropped(before, spelt.procedures[index]!, now, at, drops);
    if (finding !== undefined) findings.push(finding);
  }
  return findings;
}

/** MIG418: a signature that grew, where nothing drops the one that is there: on a new database it works, on an old one it does not. */
function undropped(
  before: LockedProcedure,
  spelt: LockedProcedure,
  now: LockedProcedure,
  at: Defined,
  drops: readonly DroppedFunction[],
): LockFinding | undefined {
  const isSame =
    now.args.length === spelt.args.length &&
    now.columns.length === spelt.columns.length &&
    now.args.every(({ type }, index) => type === spelt.args[index]?.type);
  // What breaks the promise is told of as that.
  if (isSame || compareProcedure(spelt, now).length > 0) return undefined;
  const types = spelt.args.map(({ type }) => type).join();
  const isDropped = drops.some((each) => each.types === undefined || each.types.join() === types);
  if (isDropped) return undefined;
  const statement = dropStatement(
    before,
    before.args.map(({ type }) => type),
  );
  return {
    file: at.file,
    rule: "MIG418",
    severity: "error",
    message: `${before.schema}.${before.name} takes or gives more than what was released, and databases that are there still have that`,
    hint: dropHint(statement),
    offset: at.found.offset,
  };
}

function definitions({ file, text, sql }: RepeatableFile): readonly (readonly [string, Defined])[] {
  const annotations = new Map(
    findAnnotations(file, text).annotations.map((each) => [`${each.schema}.${each.name}`, each]),
  );
  return definedFunctions(sql).flatMap((found) => {
    const name = `${found.schema}.${found.name}`;
    const annotation = annotations.get(name);
    return annotation === undefined ? [] : [[name, { file, annotation, found }] as const];
  });
}
