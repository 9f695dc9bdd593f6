import type { SourcePosition } from "./migrate-error.ts";

/** The longest line a position carries; the middle of a line of generated data helps nobody. */
const LINE_CHARACTERS_MAX = 500;

/** Where `offset` (an index into `text`, as JavaScript counts) is in `file`, for a reader: line, column in characters, and the line itself. */
export function positionAt(file: string, text: string, offset: number): SourcePosition {
  const end = Math.min(Math.max(offset, 0), text.length);
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf("\n"); at !== -1 && at < end; at = text.indexOf("\n", at + 1)) {
    line++;
    lineStart = at + 1;
  }
  const lineEnd = text.indexOf("\n", lineStart);
  const lineText = text.slice(lineStart, lineEnd === -1 ? text.length : lineEnd);
  return {
    file,
    line,
    column: characters(text.slice(lineStart, end)) + 1,
    text: lineText.length > LINE_CHARACTERS_MAX ? `${lineText.slice(0, LINE_CHARACTERS_MAX)}…` : lineText,
  };
}

/** `/app/migrations/001-a.sql:3:7`, the way editors and terminals make a link of. */
export function showPosition(position: SourcePosition): string {
  const column = position.column === undefined ? "" : `:${position.column}`;
  return `${position.file}:${position.line}${column}`;
}

/** Code points: an emoji is one character to a reader, and two units to JavaScript. */
function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
