import type { MigrationFile } from "@plinth/migrate";
import { table } from "./table.ts";

/** A list that nobody reads to its end is cut. */
const ROWS_MAX = 200;

/** What is known of a file to run besides the file itself. */
export type PlanRow =
  | MigrationFile
  | { readonly file: MigrationFile; readonly reason: string; readonly outOfOrder?: boolean };

/** The files to run as a table: order, namespace, file, how it runs, and why where that is known. */
export function planLines(rows: readonly PlanRow[]): readonly string[] {
  if (rows.length === 0) return [];
  const reasons = rows.some((row) => "file" in row);
  const lines = table([
    ["order", "namespace", "file", "mode", ...(reasons ? ["reason"] : [])],
    ...rows.slice(0, ROWS_MAX).map((row, index) => {
      const file = "file" in row ? row.file : row;
      const mode = file.transactional ? "tx" : "no-tx";
      return [index + 1, file.namespace, file.fileName, mode, ...("file" in row ? [reasonOf(row)] : [])];
    }),
  ]);
  return rows.length > ROWS_MAX ? [...lines, `and ${rows.length - ROWS_MAX} more`] : lines;
}

function reasonOf({ reason, outOfOrder }: { readonly reason: string; readonly outOfOrder?: boolean }): string {
  return outOfOrder === true ? `${reason}, below an applied number` : reason;
}
