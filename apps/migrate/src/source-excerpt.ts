import { blankAs } from "./display-width.ts";
import { printable } from "./printable.ts";
import { hideSecrets } from "./secrets.ts";

const CHARACTERS_MAX = 120;
const CHARACTERS_BEFORE_CARET = 80;

/** A line of a file, from 1, and the column in it that is meant, in characters from 1. */
export interface ExcerptLine {
  readonly line: number;
  readonly column?: number | undefined;
  readonly text?: string | undefined;
}

/**
 * The line as ` 4 | set first = nmae` with a caret below the column. A long line is cut around the column. Without a column, or where the
 * column is beyond the text that is known, there is no caret.
 */
export function sourceExcerpt({ line, column, text }: ExcerptLine): readonly string[] {
  if (text === undefined || text.trim() === "") return [];
  const characters = Array.from(printable(hideSecrets(text, true)));
  const at = column === undefined || column > characters.length + 1 ? undefined : column - 1;
  const start = at !== undefined && characters.length > CHARACTERS_MAX ? Math.max(0, at - CHARACTERS_BEFORE_CARET) : 0;
  const end = Math.min(characters.length, start + CHARACTERS_MAX);

  const before = start > 0 ? "…" : "";
  const after = end < characters.length ? "…" : "";
  const gutter = String(line).padStart(4);
  const shown = `${gutter} | ${before}${characters.slice(start, end).join("")}${after}`;
  if (at === undefined) return [shown];
  return [shown, `${" ".repeat(gutter.length)} | ${blankAs(before + characters.slice(start, at).join(""))}^`];
}
