import { scanStatements } from "./sql-statements.ts";

/** A comment that stands by itself: in no string, no function's body and no statement. */
export interface SqlComment {
  readonly kind: "line" | "block";
  /** Without `--`, or without the comment's brackets; not trimmed. */
  readonly text: string;
  /** Index into the text of the comment's first character. */
  readonly offset: number;
  /** From 1. */
  readonly line: number;
}

const DIRECTIVE = "disable auto transaction";

/** The comments between a text's statements, in order. */
export function topLevelComments(text: string): readonly SqlComment[] {
  const comments: SqlComment[] = [];
  let line = 1;
  let counted = 0;
  scanStatements(text, {
    comment(kind, start, end, inside) {
      if (inside !== undefined) return;
      for (let at = text.indexOf("\n", counted); at !== -1 && at < start; at = text.indexOf("\n", at + 1)) line++;
      counted = start;
      const content =
        kind === "line-comment" ? text.slice(start + 2, end) : text.slice(start + 2, end).replace(/\*\/$/, "");
      comments.push({ kind: kind === "line-comment" ? "line" : "block", text: content, offset: start, line });
    },
  });
  return comments;
}

/** The comment by which a file asks to run outside a transaction: `-- disable auto transaction`, a comment of its own. */
export function directiveIn(text: string): SqlComment | undefined {
  // The phrase is in few files, and finding that out is cheaper than reading SQL.
  if (!text.includes(DIRECTIVE)) return undefined;
  return topLevelComments(text).find((comment) => comment.kind === "line" && comment.text.trim() === DIRECTIVE);
}
