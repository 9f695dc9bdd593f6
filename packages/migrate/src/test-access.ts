import { OptionError } from "@plinth/db-core/errors";
import { type Access, readAccess } from "./access.ts";
import type { Migrations } from "./migrations.ts";

/** The role that owns everything in a test database, among the roles of its services. */
export const ownerService = "plinth_owner";

/** What access a test database is made with: the application's, or that of a service which uses the package and nothing else. */
export async function testAccess(
  migrations: Migrations,
  given: Access | null | undefined,
  service: string | undefined,
): Promise<Access | undefined> {
  // As whom the tests run, is then the server's user, who owns everything: there is nobody to grant to.
  if (service === undefined) return undefined;
  const access = given === undefined ? await readAccess(migrations.root.directory) : (given ?? undefined);
  if (access === undefined) {
    const uses = migrations.namespaces.map((namespace) => namespace.name);
    return { rolePrefix: "", ownerRole: undefined, services: { [service]: { own: [], uses, reads: [] } } };
  }
  if (access.services[service] === undefined)
    throw new OptionError("service", `one of access.json's: ${Object.keys(access.services).join(", ")}`, service);
  return access;
}

/** What a role's name is made of: `image-worker` is `image_worker` there. */
export function roleKey(service: string): string {
  return service.replaceAll("-", "_");
}

/** The names that roles are made for. */
export function roleKeys(access: Access): string[] {
  const owner = access.ownerRole === undefined ? [] : [ownerService];
  return [...Object.keys(access.services).map(roleKey), ...owner];
}

/** The same access for the roles that were made: `roles` is what `createTestDatabase` gives. */
export function accessOfRoles(access: Access, roles: Readonly<Record<string, string>>): Access {
  const own = Object.keys(access.services).map((service) => [service, roles[roleKey(service)]!] as const);
  const ownerRole = access.ownerRole === undefined ? undefined : roles[ownerService]!;
  return { ...access, ownerRole, roles: Object.fromEntries(own) };
}
