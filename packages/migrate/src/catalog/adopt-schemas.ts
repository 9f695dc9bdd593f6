import { OwnerChangeError } from "../access-error.ts";
import { type CatalogClient, quoteName, rowsOf } from "./catalog-client.ts";
import { listPromises } from "./promises.ts";

/**
 * Gives what the migrations made to the owner role, where another role owns it: access.json has come to name an owner, or another one. Done once, in
 * the caller's transaction, as the migrating role. Nothing happens where plinth_core is the owner's already: one query.
 *
 * Locks each table for a moment, as ALTER TABLE ... OWNER does.
 *
 * @throws {OwnerChangeError} The migrating role may not hand it over.
 */
export async function adoptSchemas(client: CatalogClient, owner: string): Promise<void> {
  const [core] = await rowsOf<{ owner: string }>(client, coreOwner);
  if (core === undefined || core.owner === owner) return;
  await client.query("reset role");
  try {
    const schemas = new Set((await listPromises(client)).map((promise) => promise.schema)).add("plinth_core");
    const found = await rowsOf<{ statement: string }>(client, ownerStatements, [[...schemas], quoteName(owner)]);
    await client.query(found.map(({ statement }) => statement).join(";\n"));
  } catch (error) {
    if ((error as { code?: unknown }).code !== "42501") throw error;
    throw new OwnerChangeError(core.owner, owner, { cause: error });
  }
}

const coreOwner = `
select pg_catalog.pg_get_userbyid(n.nspowner)::text as owner
from pg_catalog.pg_namespace n
where n.nspname = 'plinth_core'`;

// Sequences of identity and serial columns, indexes and the row types of tables follow their tables. Schemas come first: a
// new owner must be allowed to create in them. An extension's objects are its own.
const ownerStatements = `
with object as (
  select 1 as step, 'table ' || c.oid::pg_catalog.regclass as name, c.oid, 'pg_catalog.pg_class'::pg_catalog.regclass as class
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any ($1::text[])
    and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  union all
  select 2, 'routine ' || p.oid::pg_catalog.regprocedure, p.oid, 'pg_catalog.pg_proc'::pg_catalog.regclass
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where n.nspname = any ($1::text[])
    and p.prokind <> 'a'
  union all
  select 3, 'type ' || t.oid::pg_catalog.regtype, t.oid, 'pg_catalog.pg_type'::pg_catalog.regclass
  from pg_catalog.pg_type t
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  left join pg_catalog.pg_class c on c.oid = t.typrelid
  where n.nspname = any ($1::text[])
    and (t.typtype in ('e', 'd', 'r') or c.relkind = 'c')
  union all
  select 0, 'schema ' || pg_catalog.quote_ident(n.nspname), n.oid, 'pg_catalog.pg_namespace'::pg_catalog.regclass
  from pg_catalog.pg_namespace n
  where n.nspname = any ($1::text[])
)
select pg_catalog.format('alter %s owner to %s', object.name, $2::text) as statement
from object
where not exists (
  select
  from pg_catalog.pg_depend d
  where d.classid = object.class
    and d.objid = object.oid
    and (d.deptype = 'e' or (d.deptype in ('a', 'i') and d.refobjsubid > 0 and object.step = 1))
)
order by object.step, object.name`;
