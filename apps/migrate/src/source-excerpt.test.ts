import { expect, test } from "@jest/globals";
import { sourceExcerpt } from "./source-excerpt.ts";

test("the caret stands below the column", () => {
  expect(sourceExcerpt({ line: 4, column: 15, text: "   set first = nmae" })).toEqual([
    "   4 |    set first = nmae",
    "     |               ^",
  ]);
});

test("tabs stay tabs, so that the caret moves with them", () => {
  expect(sourceExcerpt({ line: 12, column: 6, text: "\t\tset x" })).toEqual(["  12 | \t\tset x", "     | \t\t   ^"]);
});

test("wide characters take two columns, combining ones none", () => {
  expect(sourceExcerpt({ line: 1, column: 4, text: "日本 x" })).toEqual(["   1 | 日本 x", "     |      ^"]);
  expect(sourceExcerpt({ line: 1, column: 3, text: "😀 x" })).toEqual(["   1 | 😀 x", "     |    ^"]);
  expect(sourceExcerpt({ line: 1, column: 4, text: "e\u0301 x" })).toEqual(["   1 | e\u0301 x", "     |   ^"]);
});

test("a long line is cut around the column", () => {
  const [line = "", caret = ""] = sourceExcerpt({
    line: 1,
    column: 301,
    text: `${"a".repeat(300)}!${"b".repeat(300)}`,
  });
  expect(line).toHaveLength("   1 | ".length + 122);
  expect(line[caret.indexOf("^")]).toBe("!");
});

test("the column after the last character is the end of the line", () => {
  expect(sourceExcerpt({ line: 1, column: 4, text: "abc" })[1]).toBe("     |    ^");
});

test("a column beyond the text that is known gets no caret", () => {
  expect(sourceExcerpt({ line: 1, column: 900, text: "abc" })).toEqual(["   1 | abc"]);
});

test("a password literal is hidden and the caret stays right", () => {
  expect(sourceExcerpt({ line: 1, column: 29, text: "alter role r password 'a''b' oops" })).toEqual([
    "   1 | alter role r password '****' oops",
    "     |                             ^",
  ]);
});

test("control characters are shown, not sent", () => {
  expect(sourceExcerpt({ line: 1, column: 3, text: "\u001b[x" })).toEqual(["   1 | ␛[x", "     |   ^"]);
});
