import { beforeAll, expect, test } from "@jest/globals";
import { loadModule, scanSync } from "libpg-query";
import { type SqlTokenKind, scanSql } from "./sql-scanner.ts";

// Postgres' own scanner, built to WASM, says what is right. Its offsets are UTF-8 bytes.
beforeAll(() => loadModule());

const COMMENTS: Readonly<Record<string, string>> = { SQL_COMMENT: "line-comment", C_COMMENT: "block-comment" };

/** Comments and strings as Postgres sees them, or nothing for a text that it refuses. */
function expected(text: string): readonly string[] | undefined {
  const bytes = Buffer.from(text);
  try {
    return scanSync(text).tokens.flatMap(({ start, end, tokenName }) => {
      const token = bytes.subarray(start, end).toString();
      const comment = COMMENTS[tokenName];
      if (comment !== undefined) return [`${comment} ${token}`];
      if (tokenName === "SCONST") return [`string ${token}`];
      // To us the prefix is a word of its own.
      if (/^U&'/i.test(token)) return [`string ${token.slice(2)}`];
      return /^[BX]'/i.test(token) ? [`string ${token}`] : [];
    });
  } catch {
    return undefined;
  }
}

function found(text: string): readonly string[] {
  const tokens: string[] = [];
  const kept: readonly SqlTokenKind[] = ["string", "line-comment", "block-comment"];
  scanSql(text, (kind, start, end) => {
    if (kept.includes(kind)) tokens.push(`${kind} ${text.slice(start, end)}`);
  });
  return tokens;
}

// The server joins strings across a line comment; the WASM build, made to report comments, does not. The last test has the server's answer.
const COMMENT_IN_STRING = /'[ \t]*--[^\n]*\n(?:\s|--[^\n]*\n)*'|'\s*\n\s*--[^\n]*\n(?:\s|--[^\n]*\n)*'/;

const PIECES = [
  ..."'\"$-/*\\;,.()eEuU&xXnN_a1é😀 \n\t+<",
  ..."''",
  "--",
  "/*",
  "*/",
  "-- disable auto transaction\n",
  "/* a /* b */ c */",
  "'it''s'",
  "'a\\'",
  "E'a\\'b'",
  "e'\\\\'",
  "E''''",
  "'a'\n'b'",
  "E'a'\n'b\\'c'",
  "'a' 'b'",
  "U&'\\0061'",
  'U&"x"',
  "N'x'",
  "$$ -- x $$",
  "$tag$ /* $$ $tag$",
  "$é$ ' $é$",
  "a$b$c",
  "$1",
  '"a""b -- c"',
  "select ",
  "1.5e3 ",
  "->>",
  "+-",
  "*/*",
];

function generator(seed: number): () => number {
  let state = seed;
  // mulberry32: the same cases in every run.
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

test("finds the comments and strings that Postgres finds, in generated text", () => {
  const random = generator(20);
  let compared = 0;
  for (let round = 0; round < 30_000; round++) {
    const length = 1 + Math.floor(random() * 12);
    let text = "";
    for (let piece = 0; piece < length; piece++) text += PIECES[Math.floor(random() * PIECES.length)];
    const right = expected(text);
    if (right === undefined || COMMENT_IN_STRING.test(text)) continue;
    compared++;
    expect({ text, tokens: found(text) }).toEqual({ text, tokens: right });
  }
  expect(compared).toBeGreaterThan(5_000);
});

test("a text that ends in the middle of something is one token to its end", () => {
  for (const open of ["'a", "E'a\\", '"a', "$$a", "$x$ $$", "/* /* */", "-- a"])
    expect(lastEnd(`select ${open}`)).toBe(`select ${open}`.length);
});

// Asked of Postgres 18: select E'a' -- c\n 'b\'c' gives ab'c.
test("strings on successive lines are one string, with a comment between them too", () => {
  expect(found("select E'a' -- c\n 'b\\'c', 1")).toEqual(["string E'a' -- c\n 'b\\'c'"]);
  expect(found("select 'a'\n -- d\n\n 'b'")).toEqual(["string 'a'\n -- d\n\n 'b'"]);
  expect(found("select 'a' -- c\n, 'b'")).toEqual(["string 'a'", "line-comment -- c", "string 'b'"]);
  expect(found("select 'a' /* c */\n 'b'")).toEqual(["string 'a'", "block-comment /* c */", "string 'b'"]);
});

function lastEnd(text: string): number {
  let last = 0;
  scanSql(text, (_kind, _start, end) => {
    last = end;
  });
  return last;
}
