import { MigrateError, type MigrateErrorKind, type SourcePosition } from "../migrate-error.ts";

/** Types can't be made of what the database has. All that is in the way is told; no file was written. */
export class TypesImpossibleError extends MigrateError {
  override readonly name = "TypesImpossibleError";
  readonly code = "MIG530";
  readonly kind: MigrateErrorKind = "contract";
  readonly problems: readonly string[];
  override readonly positions: readonly SourcePosition[];

  constructor(namespace: string, problems: readonly string[], positions: readonly SourcePosition[] = []) {
    super(`no types can be made for ${namespace}:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
    this.positions = positions;
  }
}

/** Generated files are not what the migrations give. Nothing was written. */
export class StaleTypesError extends MigrateError {
  override readonly name = "StaleTypesError";
  readonly code = "MIG531";
  readonly kind: MigrateErrorKind = "validation";
  /** Absolute paths. */
  readonly files: readonly string[];
  override readonly positions: readonly SourcePosition[];
  override readonly hint = "run: plinth-migrate types, and check in what it writes";

  constructor(stale: readonly { readonly path: string; readonly line: number; readonly text: string | undefined }[]) {
    const files = stale.map(({ path }) => path);
    super(`generated files are not what the migrations give: ${files.join(", ")}`);
    this.files = files;
    this.positions = stale.map(({ path, line, text }) => ({ file: path, line, text }));
  }
}

export { ScratchDatabaseError as TypesDatabaseError } from "../scratch-database-error.ts";
