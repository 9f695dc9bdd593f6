import { type SqlTokenKind, scanSql } from "./sql-scanner.ts";

/** A name as it stands in SQL, folded as Postgres folds it. */
export interface SqlName {
  readonly schema: string | undefined;
  readonly name: string;
}

/** More than any head of a statement up to its opening parenthesis. */
const HEAD_CHARACTERS = 1_000;

/** The name in `create [or replace] function [schema.]name(`, or nothing if the statement is another. */
export function readRoutineName(statement: string): SqlName | undefined {
  const tokens: { kind: SqlTokenKind; text: string }[] = [];
  const head = statement.slice(0, HEAD_CHARACTERS);
  scanSql(head, (kind, start, end) => {
    if (kind !== "line-comment" && kind !== "block-comment") tokens.push({ kind, text: head.slice(start, end) });
  });
  const words = tokens.map((token) => (token.kind === "word" ? token.text.toLowerCase() : undefined));
  let at = 0;
  if (words[at++] !== "create") return undefined;
  if (words[at] === "or" && words[at + 1] === "replace") at += 2;
  if (words[at++] !== "function") return undefined;

  const parts = [nameOf(tokens[at++])];
  while (tokens[at]?.text === ".") {
    parts.push(nameOf(tokens[at + 1]));
    at += 2;
  }
  if (tokens[at]?.text !== "(" || parts.length > 2) return undefined;
  const name = parts.at(-1);
  const schema = parts.length === 2 ? parts[0] : undefined;
  if (name === undefined || (parts.length === 2 && schema === undefined)) return undefined;
  return { schema, name };
}

function nameOf(token: { kind: SqlTokenKind; text: string } | undefined): string | undefined {
  if (token?.kind === "quoted") return token.text.slice(1, -1).replaceAll('""', '"');
  // Postgres folds ASCII only.
  if (token?.kind === "word") return token.text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return undefined;
}
