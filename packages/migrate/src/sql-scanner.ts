/** What a stretch of SQL is to Postgres' own scanner. Numbers, operators and punctuation are symbols, a character or a run of digits each. */
export type SqlTokenKind = "word" | "quoted" | "string" | "line-comment" | "block-comment" | "symbol";

/** Called for each token in order; white space lies between. Offsets are indices into the text. */
export type OnToken = (kind: SqlTokenKind, start: number, end: number) => void;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const DOLLAR = 0x24;
const QUOTE = 0x27;
const STAR = 0x2a;
const DASH = 0x2d;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;

const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;

// Strings with a line end between them are one string; a comment may stand there too, and is then no comment of its own.
const CONTINUATION = /[ \t\f\v]*(?:--[^\n\r]*)?[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*'/y;

/** How a string with a letter before it is closed: `E'\''`, and bits and hex digits, which hold no quotes at all. */
const PREFIXED: Readonly<Record<string, (text: string, from: number) => number>> = {
  e: closingEscapedQuote,
  b: closingBitQuote,
  x: closingBitQuote,
};

/**
 * Splits SQL into tokens exactly as Postgres does (with `standard_conforming_strings` on, as it has been since 2010), in one pass, holding
 * nothing. What is never closed reaches to the end: the server will say so.
 */
export function scanSql(text: string, onToken: OnToken): void {
  const length = text.length;
  for (let at = 0; at < length; ) {
    const code = text.charCodeAt(at);
    if (isSpace(code)) {
      at++;
      continue;
    }
    const start = at;
    if (isWordStart(code)) {
      at = wordEnd(text, at + 1);
      const close =
        at - start === 1 && text.charCodeAt(at) === QUOTE ? PREFIXED[text[start]!.toLowerCase()] : undefined;
      if (close === undefined) onToken("word", start, at);
      else {
        at = stringEnd(text, at, close);
        onToken("string", start, at);
      }
    } else if (code === QUOTE) {
      at = stringEnd(text, at, closingQuote);
      onToken("string", start, at);
    } else if (code === DOUBLE_QUOTE) {
      at = closingDoubleQuote(text, at + 1);
      onToken("quoted", start, at);
    } else if (code === DASH && text.charCodeAt(at + 1) === DASH) {
      at = lineEnd(text, at + 2);
      onToken("line-comment", start, at);
    } else if (code === SLASH && text.charCodeAt(at + 1) === STAR) {
      at = blockCommentEnd(text, at + 2);
      onToken("block-comment", start, at);
    } else if (code === DOLLAR) {
      const end = dollarQuoteEnd(text, at);
      at = end ?? at + 1;
      onToken(end === undefined ? "symbol" : "string", start, at);
    } else {
      at++;
      if (isDigit(code)) while (isDigit(text.charCodeAt(at))) at++;
      onToken("symbol", start, at);
    }
  }
}

/** Where the string that opens at `openingQuote` ends, with the strings on the lines below that belong to it. */
function stringEnd(text: string, openingQuote: number, close: (text: string, from: number) => number): number {
  for (let open = openingQuote; ; ) {
    const end = close(text, open + 1);
    CONTINUATION.lastIndex = end;
    if (!CONTINUATION.test(text)) return end;
    open = CONTINUATION.lastIndex - 1;
  }
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf("'", from); at !== -1; at = text.indexOf("'", at + 2))
    if (text.charCodeAt(at + 1) !== QUOTE) return at + 1;
  return text.length;
}

function closingDoubleQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 2))
    if (text.charCodeAt(at + 1) !== DOUBLE_QUOTE) return at + 1;
  return text.length;
}

function closingBitQuote(text: string, from: number): number {
  const at = text.indexOf("'", from);
  return at === -1 ? text.length : at + 1;
}

function closingEscapedQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) {
      if (text.charCodeAt(at + 1) !== QUOTE) return at + 1;
      at++;
    }
  }
  return text.length;
}

function lineEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === LF || code === CR) return at;
  }
  return text.length;
}

function blockCommentEnd(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === STAR && text.charCodeAt(at + 1) === SLASH) {
      at++;
      if (--depth === 0) return at + 1;
    } else if (code === SLASH && text.charCodeAt(at + 1) === STAR) {
      at++;
      depth++;
    }
  }
  return text.length;
}

/** Where the dollar-quoted string that opens at `start` ends, if one opens there. */
function dollarQuoteEnd(text: string, start: number): number | undefined {
  DOLLAR_TAG.lastIndex = start;
  const tag = DOLLAR_TAG.exec(text)?.[0];
  if (tag === undefined) return undefined;
  const close = text.indexOf(tag, start + tag.length);
  return close === -1 ? text.length : close + tag.length;
}

function wordEnd(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!isWordStart(code) && !isDigit(code) && code !== DOLLAR) return at;
  }
  return at;
}

function isWordStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || code >= 0x80;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isSpace(code: number): boolean {
  // Tab, line feed, vertical tab, form feed, carriage return.
  return code === SPACE || (code >= TAB && code <= CR);
}
