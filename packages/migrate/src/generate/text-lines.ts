/** What the first line of a generated file says. */
export const heading =
  "// Made by plinth-migrate types, of the catalog of a migrated database. Changes belong into the migrations.";

/** A doc comment of the text, or nothing for none. */
export function docLines(text: string, indent = ""): string[] {
  if (text.trim() === "") return [];
  const lines = text
    .replaceAll("*/", "*\\/")
    .split("\n")
    .map((line) => line.trimEnd());
  if (lines.length === 1) return [`${indent}/** ${lines[0]} */`];
  return [
    `${indent}/**`,
    ...lines.map((line) => (line === "" ? `${indent} *` : `${indent} * ${line}`)),
    `${indent} */`,
  ];
}

/** A union of string literals. */
export function unionOf(labels: readonly string[]): string {
  return labels.length === 0 ? "never" : labels.map((label) => JSON.stringify(label)).join(" | ");
}

/** One statement: `import { a, type B } from "x";`, names in order. */
export function importLine(names: readonly string[], from: string): string {
  const plain = (name: string) => name.replace(/^type /, "");
  const sorted = [...names].sort((a, b) => (plain(a).toLowerCase() < plain(b).toLowerCase() ? -1 : 1));
  const allTypes = sorted.every((name) => name.startsWith("type "));
  const list = (allTypes ? sorted.map(plain) : sorted).join(", ");
  return `import ${allTypes ? "type " : ""}{ ${list} } from ${JSON.stringify(from)};`;
}
