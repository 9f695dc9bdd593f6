import { parseFileName } from "../file-name.ts";
import type { MigrationFile, Namespace } from "../migrations.ts";
import type { GitBase } from "./git-base.ts";
import type { RawFinding } from "./lint-finding.ts";

export type FileFinding = RawFinding & { readonly file: MigrationFile };

/** What the branch's files would do among those of the base: MIG409 an older number, MIG410 a number taken, MIG417 an edit. */
export function* baseRules(namespace: Namespace, base: GitBase): Iterable<FileFinding> {
  const numbered = [...base.onBase].flatMap((fileName) => {
    const parsed = parseFileName(fileName);
    return "problem" in parsed ? [] : [{ fileName, ...parsed }];
  });
  const highest = Math.max(-1, ...numbered.filter((each) => !each.repeatable).map((each) => each.number));
  const next = `rename it to a number above ${highest}`;
  for (const file of namespace.files) {
    if (base.onBase.has(file.fileName)) {
      if (!file.repeatable && base.atFork.has(file.fileName) && base.changed.has(file.fileName))
        yield finding(
          file,
          "MIG417",
          "was merged already and is edited here: databases that ran it will refuse",
          "put the change into a new file",
        );
      continue;
    }
    // A file that the branch itself renamed is no second one.
    const taken = numbered.find((each) => each.number === file.number && !base.atFork.has(each.fileName));
    const renamed = numbered.some((each) => each.number === file.number && base.atFork.has(each.fileName));
    if (taken !== undefined)
      yield finding(file, "MIG410", `has the number of ${taken.fileName}, which is on the base already`, next);
    else if (!file.repeatable && !renamed && file.number <= highest)
      yield finding(
        file,
        "MIG409",
        `comes before ${highest}, the highest number on the base: databases that are there would run it late`,
        next,
      );
  }
}

function finding(file: MigrationFile, rule: string, message: string, hint: string): FileFinding {
  return { file, rule, severity: "error", message: `${file.fileName} ${message}`, hint, offset: undefined };
}
