import { displayWidth } from "./display-width.ts";

/** Columns lined up for people; a column of numbers to the right. The first row is the head. */
export function table(rows: readonly (readonly (string | number)[])[]): readonly string[] {
  const texts = rows.map((row) => row.map(String));
  const columns = texts[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...texts.map((row) => displayWidth(row[column] ?? ""))),
  );
  const right = widths.map(
    (_, column) => rows.length > 1 && rows.slice(1).every((row) => typeof row[column] === "number"),
  );
  return texts.map((row) =>
    row
      .map((cell, column) => {
        const blank = " ".repeat((widths[column] ?? 0) - displayWidth(cell));
        return right[column] ? blank + cell : cell + blank;
      })
      .join("  ")
      .trimEnd(),
  );
}
