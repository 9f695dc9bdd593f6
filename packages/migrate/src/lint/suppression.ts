import { scanStatements } from "../sql-statements.ts";
import type { RawFinding } from "./lint-finding.ts";

/** `-- lint-ignore MIG404 reason`: for the statement below it, or the one it stands in; findings about the file as a whole are meant anywhere. */
interface Suppression {
  readonly rules: readonly string[];
  readonly offset: number;
  /** Where the statement ends that it is about. */
  end: number;
  used: boolean;
}

const COMMENT = /^--\s*lint-ignore\b[ \t]*(.*)$/;
const RULES = /^(MIG\d{3}(?:\s*,\s*MIG\d{3})*)(?:\s+(.*))?$/;

/** Takes out what comments in the file excuse. A comment without a rule or a reason, or with nothing to excuse, is a finding itself (MIG416). */
export function applySuppressions(text: string, findings: readonly RawFinding[]): readonly RawFinding[] {
  if (!text.includes("lint-ignore")) return findings;
  const { suppressions, faults } = readSuppressions(text);
  const left = findings.filter((finding) => {
    const excused = suppressions.filter(
      ({ rules, offset, end }) =>
        rules.includes(finding.rule) &&
        (finding.offset === undefined || (finding.offset >= offset && finding.offset <= end)),
    );
    for (const suppression of excused) suppression.used = true;
    return excused.length === 0;
  });
  const idle = suppressions.filter(({ used }) => !used);
  return [
    ...left,
    ...faults,
    ...idle.map(({ rules, offset }): RawFinding => {
      const message = `there is nothing here for lint-ignore ${rules.join(", ")} to ignore`;
      return { rule: "MIG416", severity: "warning", message, hint: "remove the comment", offset };
    }),
  ];
}

function readSuppressions(text: string): { suppressions: readonly Suppression[]; faults: readonly RawFinding[] } {
  const suppressions: Suppression[] = [];
  const faults: RawFinding[] = [];
  scanStatements(text, {
    comment(kind, start, end, inside) {
      const comment = kind === "line-comment" ? COMMENT.exec(text.slice(start, end)) : null;
      if (comment === null) return;
      const [, rules, reason = ""] = RULES.exec((comment[1] ?? "").trim()) ?? [];
      if (rules === undefined || reason.trim() === "") {
        const message = "expected `-- lint-ignore MIG404 reason`: a rule, and why it does not matter here";
        faults.push({ rule: "MIG416", severity: "error", message, offset: start });
      } else
        suppressions.push({
          rules: rules.split(/\s*,\s*/),
          offset: inside?.start ?? start,
          end: text.length,
          used: false,
        });
    },
    statement(_statement, end) {
      for (const each of suppressions) if (each.end === text.length) each.end = end;
    },
  });
  return { suppressions, faults };
}
