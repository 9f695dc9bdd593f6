import { type CatalogClient, quoteName, rowsOf } from "./catalog-client.ts";

/**
 * From now on no function that `owner` makes is PUBLIC's, not for a moment. Nothing is written where that is so already.
 *
 * Postgres grants EXECUTE on every new function to PUBLIC. Only the form of ALTER DEFAULT PRIVILEGES without a schema takes that back: one
 * for a schema can add to the default, never take from it. So a grant to PUBLIC that somebody added for a schema is removed as well.
 *
 * One query, and one for what has to be changed. It is the owner that runs this, or one who may act for it.
 */
export async function keepFunctionsPrivate(client: CatalogClient, owner: string): Promise<void> {
  const found = await rowsOf<{ schema: string | null }>(client, publicDefaults, [owner]);
  if (found.length === 0) return;
  const statements = found.map(
    ({ schema }) =>
      `alter default privileges for role ${quoteName(owner)}${schema === null ? "" : ` in schema ${quoteName(schema)}`} revoke execute on functions from public`,
  );
  await client.query(statements.join(";\n"));
}

// The global row holds the whole default and is absent while it is the built-in one; a schema's row holds what is added there.
const publicDefaults = `
select n.nspname as schema
from pg_catalog.pg_roles r
cross join lateral (
  select 0::oid as namespace, pg_catalog.acldefault('f', r.oid) as acl
  where not exists (
    select
    from pg_catalog.pg_default_acl d
    where d.defaclrole = r.oid
      and d.defaclobjtype = 'f'
      and d.defaclnamespace = 0
  )
  union all
  select d.defaclnamespace, d.defaclacl
  from pg_catalog.pg_default_acl d
  where d.defaclrole = r.oid
    and d.defaclobjtype = 'f'
) as held
left join pg_catalog.pg_namespace n on n.oid = held.namespace
where r.rolname = $1
  and exists (select from pg_catalog.aclexplode(held.acl) as entry where entry.grantee = 0)
order by 1`;
