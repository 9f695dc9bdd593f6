import { type Access, checkAccess } from "./access.ts";
import { GrantsError, RolesMissingError } from "./access-error.ts";
import { adoptSchemas } from "./catalog/adopt-schemas.ts";
import { type CatalogClient, quoteName, rowOf } from "./catalog/catalog-client.ts";
import { listPromises } from "./catalog/promises.ts";
import { pinCatalogPath } from "./catalog/read-procedures.ts";
import { describeDifference, type GrantChange, grantChanges } from "./grants/grant-changes.ts";
import { readGrants } from "./grants/held-grants.ts";
import { readOurSchemas } from "./grants/our-schemas.ts";
import { type RoleFacts, readRoles, serviceRoles } from "./grants/role-facts.ts";
import { roleFaults } from "./grants/role-faults.ts";
import { wantedGrants } from "./grants/wanted-grants.ts";
import type { Migrations } from "./migrations.ts";

export type { GrantChange } from "./grants/grant-changes.ts";

/** What {@link alignGrants} found and did. */
export interface AlignedGrants {
  readonly changes: readonly GrantChange[];
  /** What is odd and may be meant. */
  readonly warnings: readonly string[];
}

/**
 * {@link reconcileGrants}, and then {@link checkGrants}. Where nothing had to change, what was read for the first is enough for the second:
 * a run with nothing to do asks once.
 *
 * @throws What either of them throws.
 */
export async function alignGrants(
  client: CatalogClient,
  migrations: Migrations,
  access: Access | undefined,
): Promise<AlignedGrants> {
  const { changes, warnings } = await inTransaction(client, "begin", async () => {
    const { changes, roles } = await compareGrants(client, migrations, access, adoptSchemas);
    if (changes.length === 0) return { changes, warnings: await assertGrants(client, access, changes, roles) };
    await applyChanges(client, changes);
    return { changes, warnings: undefined };
  });
  return { changes, warnings: warnings ?? (await checkGrants(client, migrations, access)) };
}

/**
 * Makes the grants what access.json says, in one transaction, and says what it changed. Nothing is written when nothing has to change.
 *
 * Service roles end up with EXECUTE on the procedures they may call, USAGE on the schemas of those, and nothing else anywhere in the
 * database; everybody (PUBLIC) with nothing in our schemas. Grants of other roles are left alone. Without access.json, EXECUTE on our
 * functions is taken from PUBLIC, and no other grant is touched.
 *
 * The number of queries does not grow with anything.
 *
 * @throws {RolesMissingError} A role is not there. Nothing was changed.
 * @throws {AccessFileError} access.json names what neither the graph nor the database has. Nothing was changed.
 * @throws {GrantsError} The migrating role may not change what has to change. Nothing was changed.
 */
export function reconcileGrants(
  client: CatalogClient,
  migrations: Migrations,
  access: Access | undefined,
): Promise<GrantChange[]> {
  return inTransaction(client, "begin", async () => {
    const { changes } = await compareGrants(client, migrations, access, adoptSchemas);
    if (changes.length > 0) await applyChanges(client, changes);
    return changes;
  });
}

/**
 * Asserts that the grants are what access.json says: nothing missing, nothing extra, no attributes, no memberships, nothing owned by a
 * service. Reads only. Gives warnings: what is odd and may be meant.
 *
 * @throws {RolesMissingError} A role is not there.
 * @throws {AccessFileError} access.json names what neither the graph nor the database has.
 * @throws {GrantsError} With every difference.
 */
export function checkGrants(
  client: CatalogClient,
  migrations: Migrations,
  access: Access | undefined,
): Promise<readonly string[]> {
  return inTransaction(client, "begin isolation level repeatable read read only", async () => {
    const { changes, roles } = await compareGrants(client, migrations, access);
    return assertGrants(client, access, changes, roles);
  });
}

async function assertGrants(
  client: CatalogClient,
  access: Access | undefined,
  changes: readonly GrantChange[],
  roles: readonly RoleFacts[],
): Promise<readonly string[]> {
  const faults = access === undefined ? { differences: [], warnings: [] } : roleFaults(access, roles);
  const differences = [...changes.map(describeDifference), ...faults.differences];
  if (differences.length > 0) throw new GrantsError(differences, hintFor(changes, faults.differences));
  return access === undefined ? [] : [...faults.warnings, ...(await publicSchemaWarnings(client))];
}

async function compareGrants(
  client: CatalogClient,
  migrations: Migrations,
  access: Access | undefined,
  adopt: (client: CatalogClient, owner: string) => Promise<void> = async () => {},
): Promise<{ changes: GrantChange[]; roles: RoleFacts[] }> {
  await pinCatalogPath(client);
  const roles = access === undefined ? [] : await readRolesOrFail(client, migrations, access);
  if (access?.ownerRole !== undefined) await adopt(client, access.ownerRole);
  await actAsOwner(client, access);
  const promises = await listPromises(client);
  const schemas = await readOurSchemas(client, promises, access);
  const held = await readGrants(
    client,
    access === undefined ? [] : serviceRoles(access),
    schemas.map((schema) => schema.name),
  );
  const ours = access === undefined ? held.filter((grant) => grant.kind === "function") : held;
  const wanted = access === undefined ? [] : wantedGrants(access, promises, schemas);
  return { changes: grantChanges(ours, wanted), roles };
}

async function readRolesOrFail(client: CatalogClient, migrations: Migrations, access: Access): Promise<RoleFacts[]> {
  checkAccess(access, migrations);
  const roles = await readRoles(client, access);
  const there = new Set(roles.map((role) => role.name));
  const needed = [...(access.ownerRole === undefined ? [] : [access.ownerRole]), ...serviceRoles(access)];
  const missing = needed.filter((role) => !there.has(role));
  if (missing.length > 0) throw new RolesMissingError(access.ownerRole, missing);
  return roles;
}

/** A superuser's GRANT counts as the owner's own, whoever the owner is; anybody else has to be the owner. */
async function actAsOwner(client: CatalogClient, access: Access | undefined): Promise<void> {
  if (access?.ownerRole === undefined) return;
  const { superuser } = await rowOf<{ superuser: boolean }>(
    client,
    "select rolsuper as superuser from pg_roles where rolname = current_user",
  );
  if (!superuser) await client.query(`set local role ${quoteName(access.ownerRole)}`);
}

async function applyChanges(client: CatalogClient, changes: readonly GrantChange[]): Promise<void> {
  try {
    await client.query(changes.map((change) => change.statement).join(";\n"));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "42501")) throw error;
    throw new GrantsError(
      changes.map(describeDifference),
      `the migrating role could not put them right (${error.message}): run this as the objects' owner or a superuser`,
    );
  }
}

/** Where a database was made before Postgres 15, everybody may create in `public`. It is not ours to change, and worth a word. */
async function publicSchemaWarnings(client: CatalogClient): Promise<string[]> {
  const { open } = await rowOf<{ open: boolean }>(
    client,
    `select exists (
      select
      from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) as entry
      where n.nspname = 'public'
        and entry.grantee = 0
        and entry.privilege_type = 'CREATE'
    ) as open`,
  );
  return open
    ? ["PUBLIC may create in the schema public, and so may every service: revoke create on schema public from public"]
    : [];
}

function hintFor(changes: readonly GrantChange[], roles: readonly string[]): string {
  const hints: string[] = [];
  if (changes.length > 0)
    hints.push(["apply puts the grants right; as SQL:", ...changes.map((c) => `  ${c.statement};`)].join("\n"));
  if (roles.length > 0)
    hints.push("roles, their attributes and memberships are the operator's: alter role, revoke ... from");
  return hints.join("\n");
}

export async function inTransaction<Result>(
  client: CatalogClient,
  begin: string,
  work: () => Promise<Result>,
): Promise<Result> {
  await client.query(begin);
  try {
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    // The first error is the one to tell: on a connection that is gone the rollback fails as well.
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}
