import { existsSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { knownKeys, text as textOption } from "@plinth/db-core/errors";
import { checkAccess, readAccess } from "../access.ts";
import { AccessFileError } from "../access-error.ts";
import { findAnnotations } from "../annotations.ts";
import type { LintOptions } from "../lint.ts";
import { emptyLock } from "../lock-check.ts";
import { lockPathOf, type ProceduresLock, readLock } from "../lock-file.ts";
import type { SourcePosition } from "../migrate-error.ts";
import type { MigrationFile, Migrations, Namespace } from "../migrations.ts";
import { readMigration } from "../read-migration.ts";
import { unrunnable } from "../refuse-unrunnable.ts";
import { packageOf } from "../resolve-package.ts";
import { positionAt } from "../source-position.ts";
import { baseRules } from "./base-rules.ts";
import { madeTables } from "./blocking-rule.ts";
import { type GitBase, readGitBase } from "./git-base.ts";
import { lintFile } from "./lint-file.ts";
import type { LintFinding, RawFinding } from "./lint-finding.ts";
import { type LockFinding, lockRules, type RepeatableFile } from "./lock-rules.ts";
import { PARSED_CHARACTERS_MAX, type ParsedSql, parseSql } from "./parse-sql.ts";
import { applySuppressions } from "./suppression.ts";

const REVISION_CHARACTERS_MAX = 500;

/** See `lint`. */
export async function lintMigrations(migrations: Migrations, options: LintOptions): Promise<readonly LintFinding[]> {
  knownKeys(options, ["base", "signal"]);
  const base = options.base === undefined ? undefined : textOption("base", options.base, 1, REVISION_CHARACTERS_MAX);
  const hasAccessFile = existsSync(join(packageDirectory(migrations.root), "access.json"));
  const findings: LintFinding[] = hasAccessFile ? await accessFindings(migrations) : [];
  for (const namespace of migrations.namespaces) {
    if (namespace !== migrations.root && isInstalled(namespace)) continue;
    const git = base === undefined ? undefined : await readGitBase(namespace.directory, base, options.signal);
    findings.push(...(await lintNamespace(namespace, git, hasAccessFile, options.signal)));
  }
  return findings.sort(byPlace);
}

async function lintNamespace(
  namespace: Namespace,
  git: GitBase | undefined,
  hasAccessFile: boolean,
  signal: AbortSignal | undefined,
): Promise<readonly LintFinding[]> {
  const lock = readLock(lockPathOf(namespace)) ?? emptyLock(namespace.name);
  const isReleased = (file: MigrationFile) =>
    git === undefined ? file.number <= lock.version : git.atFork.has(file.fileName);
  const earlier = await parseFiles(namespace.files.filter((file) => !file.repeatable && !isReleased(file)));
  const unreleased = new Set(earlier.flatMap(madeTables));
  const findings: LintFinding[] = [];
  const byFile = new Map<MigrationFile, RawFinding[]>();
  const among = [
    ...(git === undefined ? [] : baseRules(namespace, git)),
    ...(await promises(namespace, lock, earlier)),
  ];
  for (const { file, ...finding } of among) {
    if (file === undefined) findings.push(place(finding, { file: lockPathOf(namespace), line: 1 }));
    else byFile.set(file, [...(byFile.get(file) ?? []), finding]);
  }
  for (const file of namespace.files) {
    signal?.throwIfAborted();
    const alone = git === undefined || git.changed.has(file.fileName);
    const raw = byFile.get(file) ?? [];
    if (!alone && raw.length === 0) continue;
    const text = await readMigration(file);
    const problems = alone ? [...unrunnable(file, text), ...findAnnotations(file, text).problems] : [];
    for (const { code, message, position } of problems)
      findings.push({ rule: code, severity: "error", message, position });
    // What psql alone understands is no SQL to look at.
    if (alone && !problems.some(({ code }) => code === "MIG204"))
      raw.push(
        ...(await lintFile(file, text, { hasAccessFile, unreleased: isReleased(file) ? undefined : unreleased })),
      );
    for (const finding of applySuppressions(text, raw))
      findings.push(place(finding, positionAt(file.path, text, finding.offset ?? 0)));
  }
  return findings;
}

/** access.json by itself and against the graph; what is in the database only `apply` knows. */
async function accessFindings(migrations: Migrations): Promise<LintFinding[]> {
  try {
    const access = await readAccess(migrations.root.directory);
    if (access !== undefined) checkAccess(access, migrations);
    return [];
  } catch (error) {
    if (!(error instanceof AccessFileError)) throw error;
    return error.problems.map((message, index) => {
      const position = error.positions[index] ?? error.positions[0] ?? { file: "access.json", line: 1 };
      return { rule: error.code, severity: "error", message, position };
    });
  }
}

/** Those that Postgres' grammar takes; what is wrong with the others is said by their own findings. */
async function parseFiles(files: readonly MigrationFile[]): Promise<readonly ParsedSql[]> {
  const parsed: ParsedSql[] = [];
  for (const file of files) {
    if (file.sizeBytes > PARSED_CHARACTERS_MAX) continue;
    const sql = await parseSql(await readMigration(file));
    if (!("fault" in sql)) parsed.push(sql);
  }
  return parsed;
}

/** What the namespace's repeatable files keep of what the last release promised. Before a first release, that is only what they say. */
async function promises(
  namespace: Namespace,
  lock: ProceduresLock,
  earlier: readonly ParsedSql[],
): Promise<readonly LockFinding[]> {
  const files: RepeatableFile[] = [];
  for (const file of namespace.files) {
    if (!file.repeatable || file.sizeBytes > PARSED_CHARACTERS_MAX) continue;
    const text = await readMigration(file);
    const sql = await parseSql(text);
    // Said by the file's own findings; to call all its procedures gone as well would help nobody.
    if ("fault" in sql) return [];
    files.push({ file, text, sql });
  }
  return lockRules(namespace, lock, files, earlier);
}

function place({ rule, severity, message, hint }: RawFinding, position: SourcePosition): LintFinding {
  return { rule, severity, message, position, hint };
}

function packageDirectory(namespace: Namespace): string {
  return packageOf(namespace.directory)?.directory ?? dirname(namespace.directory);
}

function isInstalled(namespace: Namespace): boolean {
  return namespace.directory.includes(`${sep}node_modules${sep}`);
}

function byPlace(a: LintFinding, b: LintFinding): number {
  if (a.position.file !== b.position.file) return a.position.file < b.position.file ? -1 : 1;
  return a.position.line - b.position.line || (a.position.column ?? 0) - (b.position.column ?? 0);
}
