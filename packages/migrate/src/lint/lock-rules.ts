import { type Annotation, findAnnotations } from "../annotations.ts";
import { changedMessage, changedWithoutNumber, compareToLock, type LockProblem, versionOf } from "../lock-check.ts";
import type { ProceduresLock } from "../lock-file.ts";
import type { MigrationFile, Namespace } from "../migrations.ts";
import type { FileFinding } from "./base-rules.ts";
import { asLocked, type DefinedFunction, definedFunctions, spellTypes } from "./defined-procedures.ts";
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
 * promised procedure gone, MIG414 one changed, MIG415 a new one that its number does not announce.
 */
export async function lockRules(
  namespace: Namespace,
  lock: ProceduresLock,
  files: readonly RepeatableFile[],
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
    const raw = { rule, severity: "error", message: problem.message, hint: HINTS[problem.kind] } as const;
    if (at === undefined) findings.push({ ...raw, file: undefined, offset: undefined });
    else findings.push({ ...raw, file: at.file, offset: at.found.offset });
  }
  return findings;
}

const HINTS: Readonly<Record<LockProblem["kind"], string>> = {
  removed: "put it back; a procedure that has had its day is marked deprecated=N, and may do nothing",
  changed: "put the old signature back, and give what is new another name",
  undeclared: "add a numbered file, and name its number in since=",
};

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
