/** An argument that a caller can give, as the catalog has it. */
export interface CatalogArgument {
  /** Empty for an argument without a name, which nobody can call by name. */
  readonly name: string;
  /** As `format_type` writes it with nothing but pg_catalog on the path: `bigint`, `gallery.visibility`, `text[]`. */
  readonly type: string;
  readonly hasDefault: boolean;
  readonly variadic: boolean;
}

/** A column of a result that has columns. */
export interface CatalogColumn {
  readonly name: string;
  readonly type: string;
  /** Whether the column of the table that the function returns is declared not null; `null` where it returns no table's rows: who knows. */
  readonly notNull: boolean | null;
}

/** One function of pg_proc. */
export interface CatalogProcedure {
  readonly schema: string;
  readonly name: string;
  /** `bigint, text`: what tells it from its overloads. */
  readonly identityArguments: string;
  readonly kind: "function" | "procedure" | "aggregate" | "window";
  readonly volatility: "immutable" | "stable" | "volatile";
  readonly securityDefiner: boolean;
  /** Nobody's search_path can bend it: its body is `begin atomic`, or it sets a search_path of its own. */
  readonly pinned: boolean;
  readonly owner: string;
  readonly publicMayExecute: boolean;
  readonly arguments: readonly CatalogArgument[];
  readonly returnsSet: boolean;
  /** The type of the result; `record` for a `returns table` of several columns, the column's own for one of a single column. */
  readonly resultType: string;
  /** Empty for a scalar and for void. */
  readonly columns: readonly CatalogColumn[];
}

/** `gallery.get_photo`. */
export function procedureKey(procedure: { readonly schema: string; readonly name: string }): string {
  return `${procedure.schema}.${procedure.name}`;
}
