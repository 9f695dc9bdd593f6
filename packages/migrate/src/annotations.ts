import { type AnnotationComment, readColumn, readProc } from "./annotation-lines.ts";
import { type FileProblem, InvalidFilesError } from "./file-errors.ts";
import type { SourcePosition } from "./migrate-error.ts";
import type { MigrationFile } from "./migrations.ts";
import { positionAt } from "./source-position.ts";
import { readRoutineName } from "./sql-names.ts";
import { scanStatements } from "./sql-statements.ts";

/** How many rows a procedure gives back. */
export type AnnotatedReturns = "void" | "scalar" | "maybe" | "one" | "many";

/** What `@column` and `@param` lines add to what the catalog knows. */
export interface ValueAnnotation {
  readonly nullable: boolean;
  /** The value is JSON of this TypeScript type, or of none in particular (`true`). */
  readonly json: string | true | undefined;
}

/** What the comments above a function promise about it. */
export interface Annotation {
  readonly schema: string;
  readonly name: string;
  /** The service that alone may call it, if it writes. */
  readonly service: string | undefined;
  readonly mode: "read" | "write";
  readonly returns: AnnotatedReturns;
  /** The number of the namespace's migration that first had it. */
  readonly since: number;
  readonly deprecated: number | undefined;
  /** May wait for a lock or run long. */
  readonly waits: boolean;
  /** The comment's other lines. */
  readonly doc: string;
  readonly columns: ReadonlyMap<string, ValueAnnotation>;
  readonly params: ReadonlyMap<string, ValueAnnotation>;
  /** Of the `@proc` line. */
  readonly position: SourcePosition;
}

/** Tests for anything that might be an annotation: most files have none, and are not read as SQL for it. */
const ANNOTATION = /--[ \t]*@|\/\*[\s*]*@/;

/**
 * Reads the procedures that a repeatable file promises: `-- @proc mode=read returns=maybe since=3` above `create or replace function
 * schema.name(`, with `@column` and `@param` lines and a description between. Functions without `@proc` are the package's own affair.
 *
 * @throws {InvalidFilesError} Annotations that cannot be read (`MIG210`); all of the file are listed.
 */
export function readAnnotations(file: MigrationFile, text: string): readonly Annotation[] {
  const { annotations, problems } = findAnnotations(file, text);
  if (problems.length > 0) throw new InvalidFilesError(problems);
  return annotations;
}

/** As {@link readAnnotations}, with the problems as a value. */
export function findAnnotations(
  file: MigrationFile,
  text: string,
): { readonly annotations: readonly Annotation[]; readonly problems: readonly FileProblem[] } {
  const annotations: Annotation[] = [];
  const problems: FileProblem[] = [];
  if (!ANNOTATION.test(text)) return { annotations, problems };

  const report = (offset: number, message: string): undefined => {
    problems.push({ code: "MIG210", message, position: positionAt(file.path, text, offset) });
  };
  let comments: AnnotationComment[] = [];
  scanStatements(text, {
    comment(kind, start, end, inside) {
      if (kind === "line-comment" && inside === undefined)
        comments.push({ text: text.slice(start + 2, end), offset: start });
      if (
        kind === "block-comment" &&
        inside === undefined &&
        /^\/\*[\s*]*@(?:proc|column|param)\b/.test(text.slice(start, end))
      )
        report(
          start,
          "annotations are line comments, and this is none: write `-- @proc ...`, each on a line of its own",
        );
    },
    statement(statement, end) {
      // Where a signature changes, the old function is dropped: above the annotation, or below it.
      if (statement.words[0] === "drop" && (statement.words[1] === "function" || statement.words[1] === "routine"))
        return;
      const annotation = readBlock(file, text, comments, text.slice(statement.start, end), report);
      if (annotation !== undefined) annotations.push(annotation);
      comments = [];
    },
  });
  readBlock(file, text, comments, "", report);
  reportTwice(annotations, problems);
  return { annotations, problems };
}

type Report = (offset: number, message: string) => undefined;

/** The annotation in the comments above a statement, if there is one. */
function readBlock(
  file: MigrationFile,
  text: string,
  comments: readonly AnnotationComment[],
  statement: string,
  report: Report,
): Annotation | undefined {
  const tagged = comments.filter((comment) => /^[ \t]*@/.test(comment.text));
  const first = tagged[0];
  if (first === undefined) return undefined;
  const procs = tagged.filter((comment) => tagOf(comment) === "proc");
  const proc = procs[0];
  if (proc === undefined)
    return report(first.offset, `expected a line -- @proc above the function, found only ${shown(first)}`);
  if (procs[1] !== undefined)
    return report(procs[1].offset, "a function has one @proc line; this is the second above it");
  if (!file.repeatable)
    return report(proc.offset, "procedures are promised in repeatable files (NNN-r-name.sql), not in numbered ones");

  const routine = readRoutineName(statement);
  if (routine === undefined)
    return report(proc.offset, "expected `create or replace function schema.name(` below the @proc line");
  if (routine.schema === undefined)
    return report(
      proc.offset,
      `expected the schema before the name: create or replace function schema.${routine.name}(`,
    );

  const promise = readProc(proc, report);
  const columns = new Map<string, ValueAnnotation>();
  const params = new Map<string, ValueAnnotation>();
  for (const comment of tagged) {
    const tag = tagOf(comment);
    if (tag === "column") readColumn(comment, "column", columns, report);
    else if (tag === "param") readColumn(comment, "param", params, report);
    else if (tag !== "proc") report(comment.offset, `expected @proc, @column or @param, found ${shown(comment)}`);
  }
  if (promise === undefined) return undefined;
  const position = positionAt(file.path, text, proc.offset);
  return {
    ...promise,
    schema: routine.schema,
    name: routine.name,
    doc: docOf(text, comments, proc),
    columns,
    params,
    position,
  };
}

/** The lines around `@proc` that are not annotations, up to the nearest empty line: a file's own heading is no function's. */
function docOf(text: string, comments: readonly AnnotationComment[], proc: AnnotationComment): string {
  let from = comments.indexOf(proc);
  while (from > 0 && adjacent(text, comments[from - 1]!, comments[from]!)) from--;
  return comments
    .slice(from)
    .filter((comment) => tagOf(comment) === undefined)
    .map((comment) => comment.text.replace(/^ /, "").trimEnd())
    .join("\n")
    .trim();
}

function adjacent(text: string, above: AnnotationComment, below: AnnotationComment): boolean {
  const between = text.slice(above.offset + 2 + above.text.length, below.offset);
  return between.indexOf("\n") === between.lastIndexOf("\n");
}

function tagOf(comment: AnnotationComment): string | undefined {
  return /^[ \t]*@(\S*)/.exec(comment.text)?.[1];
}

function shown(comment: AnnotationComment): string {
  return `--${comment.text.slice(0, 100).trimEnd()}`;
}

function reportTwice(annotations: readonly Annotation[], problems: FileProblem[]): void {
  const seen = new Map<string, Annotation>();
  for (const annotation of annotations) {
    const name = `${annotation.schema}.${annotation.name}`;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, annotation);
    else {
      const message = `${name} is promised in line ${first.position.line} already: one name is one procedure`;
      problems.push({ code: "MIG210", message, position: annotation.position });
    }
  }
}
