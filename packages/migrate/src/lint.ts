import type { LintFinding } from "./lint/lint-finding.ts";
import type { Migrations } from "./migrations.ts";

export type { LintFinding } from "./lint/lint-finding.ts";

export interface LintOptions {
  /**
   * A git revision, like `origin/main`: only files that are new or changed since this branch left it are looked at one by one, and their
   * numbers must fit in among those that are there.
   *
   * @defaultValue none: all files of the namespaces are looked at, and numbers are not compared.
   */
  readonly base?: string | undefined;

  /** Stops between files. Rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at the files of the application and of the workspace's own packages without a database; what is installed in `node_modules` is its
 * makers' affair. Each finding has a stable rule and a place, sorted by file and line; `-- lint-ignore MIG404 reason` excuses one.
 *
 * @throws {LintBaseError} `base` is no revision.
 * @throws {InvalidLockFileError} A lock file cannot be read.
 * @throws {FileChangedError} A file changed after it was loaded.
 */
export async function lint(migrations: Migrations, options: LintOptions = {}): Promise<readonly LintFinding[]> {
  // The rules and Postgres' grammar are loaded when somebody lints: a run that applies nothing should not pay for them.
  const { lintMigrations } = await import("./lint/lint-migrations.ts");
  return await lintMigrations(migrations, options);
}
