import { type CatalogClient, quoteName, rowsOf } from "./catalog-client.ts";

/** Who may execute a function, as it was before a batch. */
export interface RoutineGrant {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** `bigint, text`, as the catalog has them. */
  readonly arguments: string;
  /** As SQL names it: `gallery.get_photo(bigint)`. */
  readonly object: string;
  /** `null`: everybody. */
  readonly role: string | null;
  readonly grantable: boolean;
}

/** The grants on functions of these schemas to others than their owners. One query. */
export function readRoutineGrants(client: CatalogClient, schemas: readonly string[]): Promise<RoutineGrant[]> {
  return rowsOf<RoutineGrant>(client, routineGrants, [schemas]);
}

/**
 * Gives back what was granted on functions that have been dropped and made again since `before` was read, so that callers never miss them.
 * What a file revoked from a function that is still the same stays revoked; what everybody had is never given back. Two queries at most.
 */
export async function restoreRoutineGrants(client: CatalogClient, before: readonly RoutineGrant[]): Promise<void> {
  if (before.length === 0) return;
  const schemas = [...new Set(before.map((grant) => grant.schema))];
  const now = await rowsOf<Routine>(client, routines, [schemas]);
  const still = new Set(now.map((routine) => routine.oid));
  const statements = before.flatMap((grant) => {
    const successor = still.has(grant.oid) ? undefined : successorOf(grant, now);
    if (successor === undefined || grant.role === null) return [];
    const option = grant.grantable ? " with grant option" : "";
    return [`grant execute on routine ${successor.object} to ${quoteName(grant.role)}${option}`];
  });
  if (statements.length > 0) await client.query(statements.join(";\n"));
}

/** The function that stands where another was dropped: of the same arguments, or the only one of its name. */
function successorOf(grant: RoutineGrant, now: readonly Routine[]): Routine | undefined {
  const named = now.filter((routine) => routine.schema === grant.schema && routine.name === grant.name);
  return named.find((routine) => routine.arguments === grant.arguments) ?? (named.length === 1 ? named[0] : undefined);
}

type Routine = Omit<RoutineGrant, "role" | "grantable">;

const columns = `
  p.oid::text as oid,
  n.nspname as schema,
  p.proname as name,
  pg_catalog.pg_get_function_identity_arguments(p.oid) as arguments,
  p.oid::pg_catalog.regprocedure::text as object`;

const routines = `
select ${columns}
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname = any ($1::text[])`;

// An extension's functions are its own.
const routineGrants = `
select ${columns},
  case when entry.grantee <> 0 then pg_catalog.pg_get_userbyid(entry.grantee)::text end as role,
  entry.is_grantable as grantable
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
cross join lateral pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) as entry
where n.nspname = any ($1::text[])
  and entry.grantee <> p.proowner
  and not exists (
    select
    from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      and d.objid = p.oid
      and d.deptype = 'e'
  )
order by n.nspname, p.proname, p.oid, role`;
