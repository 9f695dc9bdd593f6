import { MigrateError, type SourcePosition } from "./migrate-error.ts";
import { showPosition } from "./source-position.ts";

/** One thing that is wrong with one file. */
export interface FileProblem {
  /** `MIG201` bad name, `202` number taken twice, `203` encoding, `204` psql only, `205` transaction control, `206` empty, `207` number too large, `209` unreadable, `210` annotation. */
  readonly code: string;
  readonly message: string;
  readonly position: SourcePosition;
}

/** Files that cannot run as they are: every one of the whole graph is listed. Nothing was run. */
export class InvalidFilesError extends MigrateError {
  override readonly name = "InvalidFilesError";
  /** The first problem's. Each has its own. */
  readonly code: string;
  readonly kind = "usage";
  override readonly positions: readonly SourcePosition[];
  override readonly hint: string | undefined;

  readonly problems: readonly FileProblem[];

  constructor(problems: readonly FileProblem[], hint?: string) {
    const count = problems.length === 1 ? "a migration file is" : `${problems.length} things are`;
    super([`${count} not as expected:`, ...problems.map(show)].join("\n"));
    this.code = problems[0]?.code ?? "MIG201";
    this.problems = problems;
    this.positions = problems.map((problem) => problem.position);
    this.hint = hint;
  }
}

/** A file is not the one that was loaded: somebody writes to the directory while migrations run. What ran before it stands. */
export class FileChangedError extends MigrateError {
  override readonly name = "FileChangedError";
  readonly code = "MIG208";
  readonly kind = "usage";
  override readonly positions: readonly SourcePosition[];
  override readonly hint = "run again, when nothing writes to the directory";
  override readonly retryable = true;

  constructor(path: string, found: string, options?: ErrorOptions) {
    super(`${path} changed after it was read: ${found}`, options);
    this.positions = [{ file: path, line: 1 }];
  }
}

function show(problem: FileProblem): string {
  return `  ${problem.code} ${showPosition(problem.position)} ${problem.message}`;
}
