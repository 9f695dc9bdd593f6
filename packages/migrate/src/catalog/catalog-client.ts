/** What part of a `pg` client the catalog is read with: a Client, a PoolClient, or a db-core transaction. Never closed here. */
export interface CatalogClient {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

/** The rows of one statement, as the caller says they look. The statements stand beside their row types, in the files that call this. */
export async function rowsOf<Row>(client: CatalogClient, text: string, values?: unknown[]): Promise<Row[]> {
  const result = await client.query(text, values);
  return result.rows as Row[];
}

/** The one row of a statement that always gives one. */
export async function rowOf<Row>(client: CatalogClient, text: string, values?: unknown[]): Promise<Row> {
  const [row] = await rowsOf<Row>(client, text, values);
  if (row === undefined) throw new Error(`one row was expected of: ${text}`);
  return row;
}

/** A name as SQL writes it, quoted whatever it holds. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
