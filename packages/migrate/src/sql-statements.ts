import { type SqlTokenKind, scanSql } from "./sql-scanner.ts";

/** A statement while it is read. */
export interface SqlStatement {
  /** Of its first token; comments before it are not its own. */
  readonly start: number;
  /** Its first words in lower case, quoted names left out. */
  readonly words: readonly string[];
}

/** What to hear of a text. Offsets are indices into it. */
export interface SqlListener {
  /** A comment. Without a statement it stands between two, or before the first, or after the last. */
  comment?(kind: "line-comment" | "block-comment", start: number, end: number, inside: SqlStatement | undefined): void;
  /** A token that is not a comment, as part of its statement; `depth` counts open parentheses and `begin atomic` bodies. */
  token?(kind: SqlTokenKind, start: number, end: number, statement: SqlStatement, depth: number): void;
  /** The end of a statement: of its last token, the semicolon left out. */
  statement?(statement: SqlStatement, end: number): void;
}

/** Enough to tell `create or replace function` and `alter default privileges` from their like. */
const WORDS_KEPT = 6;

const SEMICOLON = 0x3b;
const OPEN = 0x28;
const CLOSE = 0x29;
const DOT = 0x2e;

/**
 * Finds the statements of a text and the comments between and inside them. A semicolon ends a statement unless it is inside parentheses
 * (rules) or the `begin atomic … end` body of a function, as in psql.
 */
export function scanStatements(text: string, listener: SqlListener): void {
  let open: { start: number; words: string[] } | undefined;
  let parentheses = 0;
  // `begin atomic` and each `case` in it: both end with `end`.
  let blocks = 0;
  let end = 0;
  let previous = "";

  const close = () => {
    if (open !== undefined) listener.statement?.(open, end);
    open = undefined;
    parentheses = 0;
    blocks = 0;
    previous = "";
  };

  scanSql(text, (kind, start, tokenEnd) => {
    if (kind === "line-comment" || kind === "block-comment") return listener.comment?.(kind, start, tokenEnd, open);
    const code = text.charCodeAt(start);
    if (kind === "symbol" && code === SEMICOLON && parentheses === 0 && blocks === 0) return close();

    open ??= { start, words: [] };
    if (kind === "symbol") {
      if (code === OPEN) parentheses++;
      else if (code === CLOSE && parentheses > 0) parentheses--;
      previous = code === DOT ? "." : "";
    } else if (kind === "word") {
      // Words are looked at only where they can matter, so that fifty megabytes of inserts cost no allocations.
      const routine = isRoutine(open.words);
      if (routine || open.words.length < WORDS_KEPT) {
        const word = text.slice(start, tokenEnd).toLowerCase();
        if (open.words.length < WORDS_KEPT) open.words.push(word);
        if (routine && parentheses === 0) blocks += blockStep(word, previous, blocks);
        previous = word;
      }
    } else previous = "";
    listener.token?.(kind, start, tokenEnd, open, parentheses + blocks);
    end = tokenEnd;
  });
  close();
}

/** How a word changes the depth of a function's body. `t.end` and `as end` are names. */
function blockStep(word: string, previous: string, blocks: number): -1 | 0 | 1 {
  if (blocks === 0) return word === "atomic" && previous === "begin" ? 1 : 0;
  if (previous === "." || previous === "as") return 0;
  if (word === "case") return 1;
  return word === "end" ? -1 : 0;
}

/** `create [or replace] function|procedure`: the only statements with a body of statements. */
function isRoutine(words: readonly string[]): boolean {
  if (words[0] !== "create") return false;
  const kind = words[1] === "or" && words[2] === "replace" ? words[3] : words[1];
  return kind === "function" || kind === "procedure";
}
