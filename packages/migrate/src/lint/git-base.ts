import { execFile } from "node:child_process";
import { basename } from "node:path";
import { promisify } from "node:util";
import { MigrateError } from "../migrate-error.ts";

/** What git knows of a migrations directory. */
export interface GitBase {
  /** The directory's files on the base itself, as they are there now. */
  readonly onBase: ReadonlySet<string>;
  /** The files that were there already where this branch left the base. */
  readonly atFork: ReadonlySet<string>;
  /** Files of the working tree that are new or changed since then. */
  readonly changed: ReadonlySet<string>;
}

/** The base to compare with is no revision of the repository, or there is no repository. Nothing was looked at. */
export class LintBaseError extends MigrateError {
  override readonly name = "LintBaseError";
  readonly code = "MIG420";
  readonly kind = "usage";
  override readonly hint = "fetch the base branch first; a shallow clone may not have where this branch left it";

  readonly base: string;

  constructor(base: string, directory: string, found: string, options?: ErrorOptions) {
    super(
      `expected ${JSON.stringify(base)} to be a revision that ${directory} can be compared with: ${found}`,
      options,
    );
    this.base = base;
  }
}

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const GIT_MS_MAX = 60_000;

/** Asks git about the files directly in `directory`, without their folder. */
export async function readGitBase(directory: string, base: string, signal?: AbortSignal): Promise<GitBase> {
  const git = (...args: readonly string[]) => runGit(directory, base, args, signal);
  const revision = (await git("rev-parse", "--verify", "--quiet", "--end-of-options", `${base}^{commit}`)).trim();
  const fork = (await git("merge-base", "HEAD", revision)).trim();
  const [onBase, atFork, tracked, untracked] = await Promise.all([
    git("ls-tree", "-z", "--name-only", revision, "./"),
    git("ls-tree", "-z", "--name-only", fork, "./"),
    git("diff", "-z", "--name-only", "--no-renames", "--relative", fork, "--", "."),
    git("ls-files", "-z", "--others", "--exclude-standard", "--", "."),
  ]);
  return { onBase: names(onBase), atFork: names(atFork), changed: names(tracked + untracked) };
}

async function runGit(
  directory: string,
  base: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("git", args, {
      cwd: directory,
      maxBuffer: OUTPUT_BYTES_MAX,
      timeout: GIT_MS_MAX,
      ...(signal === undefined ? {} : { signal }),
    });
    return stdout;
  } catch (error) {
    signal?.throwIfAborted();
    const { stderr, code } = error as { stderr?: string; code?: unknown };
    const found =
      code === "ENOENT" ? "git is not installed" : stderr?.trim().split("\n")[0] || "git knows no such revision";
    throw new LintBaseError(base, directory, found, { cause: error });
  }
}

function names(output: string): ReadonlySet<string> {
  return new Set(output.split("\0").flatMap((path) => (path === "" ? [] : [basename(path)])));
}
