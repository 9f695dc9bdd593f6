import { topLevelComments } from "../sql-comments.ts";
import type { RawFinding } from "./lint-finding.ts";
import type { LintedFile } from "./linted-file.ts";

/** MIG405: the words of the directive where they do nothing: in a string, a body, a statement, a block comment, or not quite as they must be. */
export function* directiveRule({ file, text }: LintedFile): Iterable<RawFinding> {
  if (!file.transactional) return;
  for (const match of text.matchAll(/disable[ \t]+auto[ \t]+transactions?/gi)) {
    const comment = topLevelComments(text).find(
      ({ offset, text: content }) => offset <= match.index && match.index < offset + content.length + 2,
    );
    // Words in a sentence are a sentence.
    if (comment !== undefined && comment.text.trim().length > match[0].length + 12) continue;
    const where = comment === undefined ? "inside a string, a body or a statement" : "in this form";
    yield {
      rule: "MIG405",
      severity: "error",
      message: `${JSON.stringify(match[0])} does nothing ${where}: the file runs inside a transaction`,
      hint: "write the line `-- disable auto transaction`, exactly so, between statements",
      offset: match.index,
    };
  }
}
