import { type CatalogClient, rowsOf } from "./catalog-client.ts";
import type { CatalogProcedure } from "./catalog-procedure.ts";

/**
 * Every function of the given schemas, overloads each for itself, except what an extension brought: those are not ours to judge.
 *
 * One query, whatever the number of functions. The transaction's search_path must be pg_catalog alone ({@link pinCatalogPath}), or the
 * names of types depend on whoever set it last.
 */
export function readProcedures(client: CatalogClient, schemas: readonly string[]): Promise<CatalogProcedure[]> {
  return rowsOf<CatalogProcedure>(client, proceduresOfSchemas, [schemas]);
}

/** Type names are written with their schema, in every session alike, until the transaction ends. */
export async function pinCatalogPath(client: CatalogClient): Promise<void> {
  await client.query("select pg_catalog.set_config('search_path', 'pg_catalog', true)");
}

// proallargtypes is null when all arguments are inputs, proargmodes with it; proargnames when none has a name. pronargdefaults counts
// from the last input argument backwards. A `returns table` of one column has that column's type as its prorettype, not record.
const proceduresOfSchemas = `
select
  n.nspname as schema,
  p.proname as name,
  pg_get_function_identity_arguments(p.oid) as "identityArguments",
  case p.prokind when 'f' then 'function' when 'p' then 'procedure' when 'a' then 'aggregate' else 'window' end as kind,
  case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility,
  p.prosecdef as "securityDefiner",
  p.prosqlbody is not null
    or exists (select from unnest(p.proconfig) as setting where setting like 'search\\_path=%') as pinned,
  pg_get_userbyid(p.proowner) as owner,
  exists (
    select
    from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl
    where acl.grantee = 0
      and acl.privilege_type = 'EXECUTE'
  ) as "publicMayExecute",
  arguments.list as arguments,
  p.proretset as "returnsSet",
  format_type(p.prorettype, null) as "resultType",
  coalesce(outputs.list, attributes.list, '[]') as columns
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
left join pg_type result on result.oid = p.prorettype
cross join lateral (
  select coalesce(json_agg(json_build_object(
    'name', coalesce(input.name, ''),
    'type', format_type(input.type, null),
    'hasDefault', input.place > p.pronargs - p.pronargdefaults,
    'variadic', input.mode = 'v'
  ) order by input.place), '[]') as list
  from (
    select
      argument.type,
      argument.name,
      coalesce(argument.mode, 'i') as mode,
      row_number() over (order by argument.place) as place
    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes, p.proargnames)
      with ordinality as argument (type, mode, name, place)
    where coalesce(argument.mode, 'i') in ('i', 'b', 'v')
      and argument.type is not null
  ) as input
) as arguments
left join lateral (
  select json_agg(json_build_object(
    'name', coalesce(output.name, ''),
    'type', format_type(output.type, null),
    'notNull', null
  ) order by output.place) as list
  from unnest(p.proallargtypes, p.proargmodes, p.proargnames) with ordinality as output (type, mode, name, place)
  where output.mode in ('t', 'o', 'b')
) as outputs on true
left join lateral (
  select json_agg(json_build_object(
    'name', a.attname,
    'type', format_type(a.atttypid, null),
    'notNull', case when c.relkind in ('r', 'p', 'f') then a.attnotnull end
  ) order by a.attnum) as list
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  where a.attrelid = result.typrelid
    and result.typrelid <> 0
    and a.attnum > 0
    and not a.attisdropped
) as attributes on true
where n.nspname = any ($1::text[])
  and not exists (
    select
    from pg_depend d
    where d.classid = 'pg_proc'::regclass
      and d.objid = p.oid
      and d.deptype = 'e'
  )
order by n.nspname collate "C", p.proname collate "C", p.oid`;
