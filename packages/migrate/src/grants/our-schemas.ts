import type { Access } from "../access.ts";
import { type CatalogClient, rowsOf } from "../catalog/catalog-client.ts";
import type { Promised } from "../catalog/promises.ts";

/** A schema that the migrations made, with its functions as SQL names them. */
export interface OurSchema {
  readonly name: string;
  /** Quoted where it must be. */
  readonly object: string;
  readonly functions: readonly { readonly name: string; readonly object: string }[];
}

/**
 * The schemas that are ours: those of promised procedures, those that access.json names, the owner role's, and Plinth's own two.
 *
 * The schemas of an owner that is a superuser are not ours for that reason: it may own anything. Nor is `public`, unless a procedure in it is
 * promised or a service owns it: it is everybody's. One query.
 */
export function readOurSchemas(
  client: CatalogClient,
  promises: readonly Promised[],
  access: Access | undefined,
): Promise<OurSchema[]> {
  const named = new Set(["plinth_core", "plinth_migrate", ...promises.map((promise) => promise.schema)]);
  for (const service of Object.values(access?.services ?? {})) for (const schema of service.own) named.add(schema);
  return rowsOf<OurSchema>(client, schemasByName, [[...named], access?.ownerRole ?? null]);
}

const schemasByName = `
select
  n.nspname as name,
  quote_ident(n.nspname) as object,
  coalesce(
    json_agg(json_build_object('name', p.proname, 'object', p.oid::regprocedure::text)) filter (where p.oid is not null),
    '[]'
  ) as functions
from pg_namespace n
left join pg_roles owner on owner.oid = n.nspowner
left join pg_proc p on p.pronamespace = n.oid
where n.nspname = any ($1::text[])
  or (owner.rolname = $2::text and not owner.rolsuper)
group by n.oid, n.nspname
order by n.nspname collate "C"`;
