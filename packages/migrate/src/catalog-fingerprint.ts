import type { ClientBase } from "pg";

/** What a database's catalog holds, as text: `kind schema.name` to its definition. */
export type CatalogFingerprint = ReadonlyMap<string, { readonly schema: string; readonly definition: string }>;

// Takes no lock. Everything qualified, since search_path is empty; nothing that depends on when or as what oid something was made.
const FINGERPRINT = `
with ours as (
  select n.oid, n.nspname
  from pg_catalog.pg_namespace n
  where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'plinth_migrate')
), relation as (
  select c.*, o.nspname
  from pg_catalog.pg_class c
  join ours o on o.oid = c.relnamespace
  where not exists (
    select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
  )
)
select 'schema ' || o.nspname as key, o.nspname::text as schema, '' as definition
from ours o
union all
select
  case r.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence ' else 'table ' end || r.oid::regclass::text,
  r.nspname,
  case
    when r.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(r.oid)
    when r.relkind = 'S' then (
      select pg_catalog.format('%s from %s to %s by %s', s.seqtypid::regtype, s.seqmin, s.seqmax, s.seqincrement)
      from pg_catalog.pg_sequence s
      where s.seqrelid = r.oid
    )
    else pg_catalog.concat_ws(' ', r.relpersistence, r.relrowsecurity, r.relforcerowsecurity, pg_catalog.pg_get_partkeydef(r.oid),
      pg_catalog.pg_get_expr(r.relpartbound, r.oid), r.reloptions::text)
  end
from relation r
where r.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
union all
select
  'column ' || r.oid::regclass::text || '.' || a.attname,
  r.nspname,
  pg_catalog.concat_ws(' ', pg_catalog.format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end,
    nullif(a.attidentity, ''), nullif(a.attgenerated, ''), 'default ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid),
    'collate ' || nullif(a.attcollation, t.typcollation)::regcollation::text)
from relation r
join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
where r.relkind in ('r', 'p', 'f')
union all
-- Not null is the column's; Postgres 18 has a constraint for it as well.
select
  'constraint ' || c.conname || ' on ' || coalesce(nullif(c.conrelid, 0)::regclass::text, c.contypid::regtype::text),
  o.nspname,
  pg_catalog.pg_get_constraintdef(c.oid)
from pg_catalog.pg_constraint c
join ours o on o.oid = c.connamespace
where c.contype <> 'n'
union all
select 'index ' || i.indexrelid::regclass::text, r.nspname,
  pg_catalog.pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ' not valid' end
from relation r
join pg_catalog.pg_index i on i.indexrelid = r.oid
union all
select 'function ' || p.oid::regprocedure::text, o.nspname, pg_catalog.pg_get_functiondef(p.oid)
from pg_catalog.pg_proc p
join ours o on o.oid = p.pronamespace
where p.prokind in ('f', 'p', 'w')
  and not exists (
    select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
  )
union all
select 'trigger ' || t.tgname || ' on ' || r.oid::regclass::text, r.nspname, pg_catalog.pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
from relation r
join pg_catalog.pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal
union all
select 'policy ' || p.polname || ' on ' || r.oid::regclass::text, r.nspname,
  pg_catalog.concat_ws(' ', p.polcmd, p.polpermissive, pg_catalog.pg_get_expr(p.polqual, r.oid), pg_catalog.pg_get_expr(p.polwithcheck, r.oid))
from relation r
join pg_catalog.pg_policy p on p.polrelid = r.oid
union all
select 'type ' || t.oid::regtype::text, o.nspname,
  case t.typtype
    when 'e' then (
      select pg_catalog.string_agg(e.enumlabel, ', ' order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid
    )
    else pg_catalog.concat_ws(' ', pg_catalog.format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault)
  end
from pg_catalog.pg_type t
join ours o on o.oid = t.typnamespace
where t.typtype in ('e', 'd')`;

/** Reads what a database's own schemas hold: tables, columns, constraints, indexes, functions, views, sequences, triggers, policies, types. One query. */
export async function readFingerprint(client: ClientBase): Promise<CatalogFingerprint> {
  const results: unknown = await client.query(
    `begin isolation level repeatable read read only; set local search_path to ''; ${FINGERPRINT}; commit`,
  );
  const rows = (results as { rows: { key: string; schema: string; definition: string | null }[] }[]).flatMap(
    (result) => result.rows,
  );
  return new Map(rows.map(({ key, schema, definition }) => [key, { schema, definition: definition ?? "" }]));
}

/** One thing that a database has otherwise than its migrations make it. */
export interface Drift {
  readonly type: "missing" | "extra" | "different";
  /** `column gallery.photo.title`, `function gallery.get_photo(bigint)`. */
  readonly object: string;
  /** As the migrations make it. */
  readonly expected: string | undefined;
  /** As the database has it. */
  readonly found: string | undefined;
}

/**
 * Compares a database to one that the migrations made. Pure. Schemas that no migration makes are nobody's business here, and `public` neither while
 * nothing of it is made by one.
 */
export function compareFingerprints(made: CatalogFingerprint, real: CatalogFingerprint): Drift[] {
  const schemas = new Set<string>();
  for (const [key, { schema }] of made) if (schema !== "public" || !key.startsWith("schema ")) schemas.add(schema);
  const drift: Drift[] = [];
  for (const [object, { definition }] of made) {
    const found = real.get(object)?.definition;
    if (found === undefined) drift.push({ type: "missing", object, expected: definition, found });
    else if (found !== definition) drift.push({ type: "different", object, expected: definition, found });
  }
  for (const [object, { schema, definition }] of real) {
    if (schemas.has(schema) && !made.has(object))
      drift.push({ type: "extra", object, expected: undefined, found: definition });
  }
  return drift.sort((a, b) => (a.object < b.object ? -1 : 1));
}
