/** One SQL file of a namespace. Its text is read when it is needed, so that a large history costs no memory. */
export interface MigrationFile {
  /** The package's name: `@plinth/queue`. */
  readonly namespace: string;
  /** From 0 to 999,999,999. Its padding in the file's name means nothing: 9 runs before 010. */
  readonly number: number;
  /** What stands between the number and `.sql`: `add-priority`. */
  readonly name: string;
  /** `NNN-r-name.sql`: runs again whenever its content changes. */
  readonly repeatable: boolean;
  readonly fileName: string;
  /** Absolute. */
  readonly path: string;
  /** `sha256:<hex>` of the normalised text. */
  readonly hash: string;
  readonly sizeBytes: number;
  /** False for a file with `-- disable auto transaction` as a comment of its own: it runs statement by statement, outside a transaction. */
  readonly transactional: boolean;
}

/** One package's migrations. */
export interface Namespace {
  readonly name: string;
  /** Absolute, links resolved. */
  readonly directory: string;
  /** Direct imports, in the manifest's order. `@plinth/db-core` is imported by everyone and not listed. */
  readonly imports: readonly string[];
  /** In the order in which they run: by number, numbered and repeatable alike. */
  readonly files: readonly MigrationFile[];
}

/** A whole graph of namespaces, resolved and checked without a database. */
export interface Migrations {
  /** The application, or the package whose directory was loaded: the last to run. */
  readonly root: Namespace;
  /** In the order in which they run: imported ones first, `@plinth/db-core` before all. */
  readonly namespaces: readonly Namespace[];
  /** What is odd but no error: a line given twice in a manifest. */
  readonly warnings: readonly string[];
}
