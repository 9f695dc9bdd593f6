import { type Access, roleOf } from "../access.ts";
import { type CatalogClient, rowsOf } from "../catalog/catalog-client.ts";

/** What the cluster says of a role that access.json speaks of. */
export interface RoleFacts {
  readonly name: string;
  readonly canLogin: boolean;
  /** The attributes that neither a service nor an owner may have: `superuser`, `createrole`, ... */
  readonly attributes: readonly string[];
  /** The roles whose rights it has by being a member, directly or not. */
  readonly memberOf: readonly string[];
  /** It is the migrating role itself. */
  readonly isSession: boolean;
  /** Not a table's or function's grants, which are read elsewhere: `owner of table gallery.photo`, `privileges for language plpgsql`. */
  readonly otherHolds: readonly string[];
}

/** The service roles, in the order of their services. */
export function serviceRoles(access: Access): string[] {
  return Object.keys(access.services).map((service) => roleOf(access, service));
}

/** The roles that are there, of those that access.json speaks of. One query. */
export function readRoles(client: CatalogClient, access: Access): Promise<RoleFacts[]> {
  const names = [...serviceRoles(access), ...(access.ownerRole === undefined ? [] : [access.ownerRole])];
  return rowsOf<RoleFacts>(client, rolesByName, [names]);
}

// pg_shdepend has a row for every object that a role owns ('o') or is granted something on ('a'), in this database and of the whole
// cluster (dbid 0), whatever its kind. Kinds that grants are reconciled for are left to that query.
const rolesByName = `
with recursive membership as (
  select m.member, m.roleid
  from pg_auth_members m
  union
  select below.member, m.roleid
  from membership below
  join pg_auth_members m on m.member = below.roleid
)
select
  r.rolname as name,
  r.rolcanlogin as "canLogin",
  r.rolname = session_user as "isSession",
  array_remove(array[
    case when r.rolsuper then 'superuser' end,
    case when r.rolcreaterole then 'createrole' end,
    case when r.rolcreatedb then 'createdb' end,
    case when r.rolreplication then 'replication' end,
    case when r.rolbypassrls then 'bypassrls' end
  ], null) as attributes,
  array(
    select pg_get_userbyid(m.roleid)::text
    from membership m
    where m.member = r.oid
    order by 1
  ) as "memberOf",
  array(
    select case s.deptype when 'o' then 'owner of ' else 'privileges for ' end
      || pg_describe_object(s.classid, s.objid, s.objsubid)
    from pg_shdepend s
    where s.refclassid = 'pg_authid'::regclass
      and s.refobjid = r.oid
      and s.dbid in (0, (select d.oid from pg_database d where d.datname = current_database()))
      and (
        s.classid <> 'pg_database'::regclass
        or s.objid = (select d.oid from pg_database d where d.datname = current_database())
      )
      and (
        s.deptype = 'o'
        or (
          s.deptype = 'a'
          and s.classid <> all (array['pg_proc', 'pg_class', 'pg_namespace', 'pg_type', 'pg_database']::regclass[])
        )
      )
    order by 1
  ) as "otherHolds"
from pg_roles r
where r.rolname = any ($1::text[])
order by r.rolname collate "C"`;
