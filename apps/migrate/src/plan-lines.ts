import type { PlannedFile } from "@plinth/migrate";
import { table } from "./table.ts";

/** A list that nobody reads to its end is cut. */
const ROWS_MAX = 200;

/** The files to run as a table: order, namespace, file, how it runs, and why. */
export function planLines(planned: readonly PlannedFile[]): readonly string[] {
  if (planned.length === 0) return [];
  const lines = table([
    ["order", "namespace", "file", "mode", "reason"],
    ...planned.slice(0, ROWS_MAX).map((each, index) => {
      const { namespace, fileName, transactional } = each.file;
      return [index + 1, namespace, fileName, transactional ? "tx" : "no-tx", reasonOf(each)];
    }),
  ]);
  return planned.length > ROWS_MAX ? [...lines, `and ${planned.length - ROWS_MAX} more`] : lines;
}

function reasonOf({ reason, outOfOrder }: PlannedFile): string {
  return outOfOrder ? `${reason}, below an applied number` : reason;
}
