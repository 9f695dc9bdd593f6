import type { ClientBase } from "pg";
import { quoteName } from "./catalog/catalog-client.ts";
import type { Statement } from "./statements.ts";

type ConcurrentIndex = NonNullable<Statement["concurrentIndex"]>;

/** What is there by the name of an index that a file builds concurrently. */
export interface FoundIndex {
  /** Quoted and qualified. */
  readonly name: string;
  readonly valid: boolean;
  /** Somebody builds it right now. */
  readonly building: boolean;
}

/** Looks for the index. Takes no lock. `undefined`: there is none by that name beside the table. */
export async function findIndex(client: ClientBase, index: ConcurrentIndex): Promise<FoundIndex | undefined> {
  const table =
    index.schema === undefined ? quoteName(index.table) : `${quoteName(index.schema)}.${quoteName(index.table)}`;
  const { rows } = await client.query<FoundIndex>(
    `select
       pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
       i.indisvalid as valid,
       exists (select from pg_catalog.pg_stat_progress_create_index p where p.index_relid = i.indexrelid) as building
     from pg_catalog.pg_class t
     join pg_catalog.pg_class c on c.relnamespace = t.relnamespace and c.relname = $2
     join pg_catalog.pg_index i on i.indexrelid = c.oid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where t.oid = pg_catalog.to_regclass($1)`,
    [table, index.name],
  );
  return rows[0];
}

/**
 * Removes what a failed attempt left of the index: it answers nothing, a unique one enforces nothing, and `if not exists` would take it for done.
 * Only for an index that this file has tried to build before. True: a valid one is there already.
 */
export async function clearRemains(client: ClientBase, index: ConcurrentIndex): Promise<boolean> {
  const found = await findIndex(client, index);
  if (found === undefined) return false;
  if (!found.valid && !found.building) await client.query(`drop index concurrently if exists ${found.name}`);
  return found.valid;
}
