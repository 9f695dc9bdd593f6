import { quoteName } from "./catalog/catalog-client.ts";
import { PrivilegeError } from "./connection-errors.ts";
import { quoteText } from "./quote-text.ts";

/** The roles that a run needs: who owns everything, and who is granted what. */
export interface NeededRoles {
  /** `undefined`: whoever logged in. */
  readonly ownerRole: string | undefined;
  /** Service roles of access.json. */
  readonly serviceRoles: readonly string[];
}

/** What the server says of them. */
export interface RightsFound {
  readonly database: string;
  readonly current_role: string;
  readonly superuser: boolean;
  readonly owner_exists: boolean;
  readonly owner_member: boolean;
  readonly may_create_schema: boolean;
  readonly ledger_owner: string | null;
  readonly missing_services: readonly string[];
}

// The columns of RightsFound. Takes no lock. pg_class and not to_regclass, which fails for a role without USAGE on the schema.
const rightsColumns = (serviceRoles: readonly string[]) => `
  pg_catalog.current_database() as database,
  current_user::text as current_role,
  (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user) as superuser,
  owner.oid is not null as owner_exists,
  owner.oid is not null and pg_catalog.pg_has_role(owner.oid, 'member') as owner_member,
  pg_catalog.has_database_privilege(coalesce(owner.rolname, current_user), pg_catalog.current_database(), 'create')
    as may_create_schema,
  (
    select pg_catalog.pg_get_userbyid(n.nspowner)::text
    from pg_catalog.pg_namespace n
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = 'fence'
    where n.nspname = 'plinth_migrate'
  ) as ledger_owner,
  array(
    select service.name
    from unnest(array[${serviceRoles.map(quoteText).join(", ")}]::text[]) with ordinality as service (name, place)
    where not exists (select from pg_catalog.pg_roles r where r.rolname = service.name)
    order by service.place
  ) as missing_services`;

/** One row of {@link RightsFound} and of `columns` besides. */
export function rightsSql({ ownerRole, serviceRoles }: NeededRoles, columns = ""): string {
  return `select ${columns}${rightsColumns(serviceRoles)}
from (values (1)) always (one)
left join pg_catalog.pg_roles owner on owner.rolname = ${ownerRole === undefined ? "null" : quoteText(ownerRole)}`;
}

/** Whether the migrating role may act as the one that owns everything. */
export function mayActAsOwner(found: RightsFound, ownerRole: string | undefined): boolean {
  return ownerRole === undefined || (found.owner_exists && found.owner_member);
}

/** Everything that is missing for `apply`, with the statements that mend it, in the order in which they run; `undefined`: nothing is. */
export function missingRights(found: RightsFound, ownerRole: string | undefined): PrivilegeError | undefined {
  const problems: string[] = [];
  const statements: string[] = [];
  const missing = (problem: string, statement: string) => {
    problems.push(problem);
    statements.push(statement);
  };
  const me = quoteName(found.current_role);
  const owner = quoteName(ownerRole ?? found.current_role);
  const noOwner = ownerRole !== undefined && !found.owner_exists;
  if (noOwner) missing(`the owner role ${owner} of access.json does not exist`, `create role ${owner} nologin;`);
  for (const role of found.missing_services)
    missing(
      `the service role ${quoteName(role)} of access.json does not exist`,
      `create role ${quoteName(role)} login;`,
    );
  if (!mayActAsOwner(found, ownerRole) && !found.superuser)
    missing(`role ${me} may not act as the owner role ${owner}`, `grant ${owner} to ${me};`);
  if (noOwner || (!found.may_create_schema && found.ledger_owner === null)) {
    const database = quoteName(found.database);
    const why = found.ledger_owner === null ? ", and the ledger is not there yet" : "";
    missing(
      `role ${owner} may not create schemas in database ${database}${why}`,
      `grant create on database ${database} to ${owner};`,
    );
  }
  return statements.length === 0 ? undefined : new PrivilegeError(problems, statements);
}
