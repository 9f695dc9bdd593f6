import { type CatalogClient, rowsOf } from "../catalog/catalog-client.ts";

/** One privilege on one object, as a role has it or ought to. */
export interface Grant {
  readonly kind: "schema" | "function" | "table" | "sequence" | "column" | "type" | "database";
  /** As SQL names it after `on`: `gallery.get_photo(bigint)`, quoted where it must be. */
  readonly object: string;
  /** Of a column, its name as SQL writes it. */
  readonly column?: string | undefined;
  /** A role's name, or `public` in lower case for everybody. */
  readonly role: string | typeof everybody;
  readonly privilege: string;
}

/** A grant that is there. */
export interface HeldGrant extends Grant {
  /** It may be passed on. */
  readonly grantable: boolean;
}

/** Everybody: a symbol, since a role may be named "public" by nobody but might be anything else. */
export const everybody: unique symbol = Symbol("public");

/**
 * What service roles hold anywhere in the database, and what everybody holds in our schemas. One query.
 *
 * Of what everybody holds, types and the database are left out: Postgres grants them by default, and they open nothing.
 */
export async function readGrants(
  client: CatalogClient,
  roles: readonly string[],
  schemas: readonly string[],
): Promise<HeldGrant[]> {
  const rows = await rowsOf<GrantRow>(client, heldGrants, [roles, schemas]);
  return rows.map(({ column, role, ...row }) => ({
    ...row,
    role: role ?? everybody,
    ...(column === null ? {} : { column }),
  }));
}

type GrantRow = Omit<HeldGrant, "role" | "column"> & { readonly role: string | null; readonly column: string | null };

// An object nobody granted anything on has a null ACL, which stands for the default of its kind.
const heldGrants = `
with object as (
  select 'schema' as kind, n.oid, n.oid as namespace, quote_ident(n.nspname) as object, null::text as column, n.nspowner as owner,
    coalesce(n.nspacl, acldefault('n', n.nspowner)) as acl
  from pg_namespace n
  union all
  select 'function', p.oid, p.pronamespace, p.oid::regprocedure::text, null, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
  from pg_proc p
  where p.pronamespace <> 'pg_catalog'::regnamespace
    or p.proacl is not null
  union all
  select case c.relkind when 'S' then 'sequence' else 'table' end, c.oid, c.relnamespace, c.oid::regclass::text, null, c.relowner,
    c.relacl
  from pg_class c
  where c.relacl is not null
  union all
  select 'column', c.oid, c.relnamespace, c.oid::regclass::text, quote_ident(a.attname), c.relowner, a.attacl
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  where a.attacl is not null
    and not a.attisdropped
  union all
  select 'type', t.oid, t.typnamespace, t.oid::regtype::text, null, t.typowner, t.typacl
  from pg_type t
  where t.typacl is not null
  union all
  select 'database', d.oid, 0, quote_ident(d.datname), null, d.datdba, d.datacl
  from pg_database d
  where d.datname = current_database()
    and d.datacl is not null
)
select
  object.kind,
  object.object,
  object.column,
  case when entry.grantee <> 0 then pg_get_userbyid(entry.grantee)::text end as role,
  entry.privilege_type as privilege,
  entry.is_grantable as grantable
from object
cross join lateral aclexplode(object.acl) as entry
left join pg_roles r on r.oid = entry.grantee
left join pg_namespace n on n.oid = object.namespace
where entry.grantee <> object.owner
  and (
    r.rolname = any ($1::text[])
    or (
      entry.grantee = 0
      and object.kind in ('schema', 'function', 'table', 'sequence', 'column')
      and n.nspname = any ($2::text[])
    )
  )
  and not (object.kind = 'database' and entry.privilege_type in ('CONNECT', 'TEMPORARY'))
  and not (
    entry.grantee = 0
    and object.kind <> 'schema'
    and exists (
      select
      from pg_depend d
      where d.deptype = 'e'
        and d.objid = object.oid
        and d.classid = case object.kind when 'function' then 'pg_proc'::regclass else 'pg_class'::regclass end
    )
  )
order by 1, 2, 3, 4, 5`;
