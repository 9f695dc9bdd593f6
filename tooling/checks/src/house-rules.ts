import type { Source } from "./sources.ts";

const LINES_MAX = 300;
// A command may well be called `types`.
const VAGUE = /(?<!\/commands)\/(?:utils?|common|helpers?|types|misc|shared)\.ts$/;

/** Where a file breaks a rule of the house that a reader would notice at once, as `file: what is wrong`. */
export function brokenHouseRules(sources: readonly Source[]): readonly string[] {
  return sources
    .filter(({ path }) => !path.endsWith(".gen.ts"))
    .flatMap(({ path, text }) => {
      const lines = text.split("\n").length - 1;
      const door = path.endsWith("/index.ts");
      return [
        ...(lines > LINES_MAX && !path.endsWith(".test.ts") ? [`${path}: ${lines} lines, more than ${LINES_MAX}`] : []),
        ...(VAGUE.test(path) ? [`${path}: a name that says nothing`] : []),
        ...(door && /export \*/.test(text) ? [`${path}: export * hides what the package offers`] : []),
        ...(/\bfrom "\.{1,2}\/[^"]*(?<!\.ts|\.json)"/.test(text) ? [`${path}: an import that does not say .ts`] : []),
        ...(/\b(?:test|it|describe)\.(?:only|todo)\(/.test(text) ? [`${path}: a focused or empty test`] : []),
        ...(/\b(?:TODO|FIXME|XXX|HACK)\b/.test(text) ? [`${path}: words of half-done work`] : []),
      ];
    });
}
