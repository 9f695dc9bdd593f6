import type { Source } from "./sources.ts";

/** A table or view of a package where a statement names one: after these words, and not called like a function. */
const TABLE = /\b(?:from|join|into|update|truncate|table|only)\s+"?(plinth_\w+)"?\."?\w+"?(?!\w|"|\s*\()/gi;

/** SQL on a package's tables in published TypeScript, as `file:line: statement`. Generated callers name procedures only and are checked too. */
export function sqlOutsideMigrations(sources: readonly Source[]): readonly string[] {
  return sources
    .filter(({ path }) => path.startsWith("packages/") && !path.endsWith(".test.ts") && !path.includes("/bench/"))
    .flatMap(({ path, text }) =>
      text
        .split("\n")
        .map((line, index) => ({ line: line.trim(), number: index + 1 }))
        // Comments speak of tables; only code sends statements.
        .filter(({ line }) => !/^(?:\/\/|\*|\/\*)/.test(line) && line.search(TABLE) >= 0)
        .map(({ line, number }) => `${path}:${number}: ${line}`),
    );
}
