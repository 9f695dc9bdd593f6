import { type CatalogClient, rowsOf } from "../catalog/catalog-client.ts";

/** A table of the application's own. */
export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly comment: string | null;
  readonly columns: readonly TableColumn[];
}

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly comment: string | null;
  /** What it refers to, as SQL writes it in a foreign key of this column alone: `plinth_queue.job(id)`. */
  readonly references: string | null;
}

/** The tables of the schemas, partitions of others left out. One query. */
export function readTables(client: CatalogClient, schemas: readonly string[]): Promise<Table[]> {
  return rowsOf<Table>(client, tablesOfSchemas, [schemas]);
}

/** The schemas that people made, plinth_migrate and those of extensions left out. One query. */
export async function readSchemas(client: CatalogClient): Promise<string[]> {
  const rows = await rowsOf<{ name: string }>(client, madeSchemas);
  return rows.map(({ name }) => name);
}

const madeSchemas = `
select n.nspname as name
from pg_namespace n
where n.nspname !~ '^pg_'
  and n.nspname not in ('information_schema', 'plinth_migrate')
  and not exists (
    select
    from pg_depend d
    where d.classid = 'pg_namespace'::regclass
      and d.objid = n.oid
      and d.deptype = 'e'
  )
order by n.nspname collate "C"`;

const tablesOfSchemas = `
select
  n.nspname as schema,
  c.relname as name,
  obj_description(c.oid, 'pg_class') as comment,
  (
    select coalesce(json_agg(json_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, null),
      'notNull', a.attnotnull or (t.typtype = 'd' and t.typnotnull),
      'comment', col_description(c.oid, a.attnum),
      'references', (
        select format('%I.%I(%I)', tn.nspname, tc.relname, ta.attname)
        from pg_constraint k
        join pg_class tc on tc.oid = k.confrelid
        join pg_namespace tn on tn.oid = tc.relnamespace
        join pg_attribute ta on ta.attrelid = k.confrelid and ta.attnum = k.confkey[1]
        where k.conrelid = c.oid
          and k.contype = 'f'
          and k.conkey = array[a.attnum]
        order by k.conname collate "C"
        limit 1
      )
    ) order by a.attnum), '[]')
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    where a.attrelid = c.oid
      and a.attnum > 0
      and not a.attisdropped
  ) as columns
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1::text[])
  and c.relkind in ('r', 'p')
  and not c.relispartition
  and not exists (
    select
    from pg_depend d
    where d.classid = 'pg_class'::regclass
      and d.objid = c.oid
      and d.deptype = 'e'
  )
order by n.nspname collate "C", c.relname collate "C"`;
