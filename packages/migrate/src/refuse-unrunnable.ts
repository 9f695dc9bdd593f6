import { type FileProblem, InvalidFilesError } from "./file-errors.ts";
import type { MigrationFile } from "./migrations.ts";
import { positionAt } from "./source-position.ts";
import { type SqlStatement, scanStatements } from "./sql-statements.ts";

/** A file with more faults than this is another tool's; the first ones tell. */
const PROBLEMS_MAX = 20;

const BACKSLASH = 0x5c;

/**
 * Refuses a file that holds what only psql understands, or that would begin or end a transaction of its own: what ran before such a `commit`
 * could not be rolled back, and the ledger would not tell.
 *
 * @throws {InvalidFilesError} `MIG204` (psql's commands, data below `copy … from stdin`) or `MIG205` (transaction control); all are listed.
 */
export function refuseUnrunnable(file: MigrationFile, text: string): void {
  const problems = unrunnable(file, text);
  if (problems.length > 0) throw new InvalidFilesError(problems);
}

/** As {@link refuseUnrunnable}, with the problems as a value. */
export function unrunnable(file: MigrationFile, text: string): readonly FileProblem[] {
  const problems: FileProblem[] = [];
  // What follows is data, not SQL: nothing in it says anything.
  let data = false;
  const report = (code: string, offset: number, message: string) => {
    if (problems.length < PROBLEMS_MAX && !data)
      problems.push({ code, message, position: positionAt(file.path, text, offset) });
  };
  let copy: { statement: SqlStatement; previous: string } | undefined;
  scanStatements(text, {
    token(kind, start, end, statement, depth) {
      if (kind === "symbol" && text.charCodeAt(start) === BACKSLASH) {
        report(
          "MIG204",
          start,
          `\\${/^\S*/.exec(text.slice(start + 1, start + 60))?.[0] ?? ""} is a command of psql's, not SQL`,
        );
        // A command reaches to the end of its line and would be read as SQL: one is enough.
        data = true;
      }
      if (statement.words[0] !== "copy" || depth > 0) return;
      if (copy?.statement !== statement) copy = { statement, previous: "" };
      const word = kind === "word" ? text.slice(start, end).toLowerCase() : "";
      if (copy.previous === "from" && word === "stdin") {
        report("MIG204", statement.start, "copy … from stdin needs data that only psql sends; write insert statements");
        data = true;
      }
      copy.previous = word;
    },
    statement(statement, end) {
      const control = transactionControl(statement, text, end);
      if (control === undefined) return;
      const why = file.transactional ? "the file runs inside a transaction" : "each statement runs by itself";
      report("MIG205", statement.start, `${control} is transaction control, and ${why}; remove it`);
    },
  });
  return problems;
}

const CONTROL = new Set(["begin", "commit", "rollback", "abort", "end", "savepoint", "release"]);

function transactionControl(statement: SqlStatement, text: string, end: number): string | undefined {
  const [first = "", second = "", third = ""] = statement.words;
  if (CONTROL.has(first)) return first;
  if (first === "start" && second === "transaction") return "start transaction";
  // `prepare transaction as …` prepares a statement of that name.
  const prepares = first === "prepare" && second === "transaction" && third === "";
  return prepares && text.slice(statement.start, end).includes("'") ? "prepare transaction" : undefined;
}
