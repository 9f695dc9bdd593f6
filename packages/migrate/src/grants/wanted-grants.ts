import { type Access, placeOf, roleOf, type ServiceAccess } from "../access.ts";
import { AccessFileError } from "../access-error.ts";
import { procedureKey } from "../catalog/catalog-procedure.ts";
import type { Promised } from "../catalog/promises.ts";
import type { SourcePosition } from "../migrate-error.ts";
import type { Grant } from "./held-grants.ts";
import type { OurSchema } from "./our-schemas.ts";

/** What a pattern of `reads` is held against. */
export type ReadableProcedure = Pick<Promised, "schema" | "name" | "mode">;

/**
 * What access.json says that each service holds: EXECUTE on what it may call, USAGE on the schemas thereof, and nothing else.
 *
 * @throws {AccessFileError} It names a schema that the database doesn't have, or a pattern that no read procedure matches.
 */
export function wantedGrants(access: Access, promises: readonly Promised[], schemas: readonly OurSchema[]): Grant[] {
  checkAgainst(
    access,
    promises,
    schemas.map((schema) => schema.name),
  );
  const objects = new Map<string, { schema: string; object: string }>(
    schemas.flatMap((schema) =>
      schema.functions.map(
        ({ name, object }) => [procedureKey({ schema: schema.name, name }), { schema: schema.object, object }] as const,
      ),
    ),
  );
  return Object.entries(access.services).flatMap(([service, given]) => {
    const role = roleOf(access, service);
    const usable = new Set<string>();
    const grants: Grant[] = [];
    for (const promise of promises) {
      const found = objects.get(procedureKey(promise));
      if (found === undefined || !mayCall(service, given, promise)) continue;
      usable.add(found.schema);
      grants.push({ kind: "function", object: found.object, role, privilege: "EXECUTE" });
    }
    for (const object of usable) grants.push({ kind: "schema", object, role, privilege: "USAGE" });
    return grants;
  });
}

/** Whether a service may call a procedure. Deprecated ones too: they stay callable for ever. */
export function mayCall(service: string, given: ServiceAccess, promise: Promised): boolean {
  if (promise.schema === "plinth_core") return true;
  if (given.own.includes(promise.schema) && (promise.service ?? service) === service) return true;
  if (given.uses.includes(promise.namespace) && promise.service === undefined) return true;
  return promise.mode === "read" && given.reads.some((pattern) => matches(pattern, promise));
}

/**
 * Holds access.json against what the database has, or is about to commit.
 *
 * @throws {AccessFileError} Of kind `contract`: it names a schema that isn't there, or a pattern that no read procedure matches.
 */
export function checkAgainst(access: Access, promises: readonly ReadableProcedure[], schemas: readonly string[]): void {
  const problems: string[] = [];
  const positions: SourcePosition[] = [];
  const fault = (service: string, key: "own" | "reads", word: string, problem: string) => {
    problems.push(`services.${service}.${key} ${problem}`);
    positions.push(...placeOf(access, ["services", service, key], word));
  };
  for (const [service, given] of Object.entries(access.services)) {
    for (const own of given.own)
      if (!schemas.includes(own))
        fault(service, "own", own, `names the schema ${own}, which the database does not have`);
    for (const pattern of given.reads)
      if (!promises.some((promise) => promise.mode === "read" && matches(pattern, promise)))
        fault(service, "reads", pattern, `has ${pattern}, which no read procedure matches`);
  }
  if (problems.length > 0)
    throw new AccessFileError(access.file ?? "access", problems, positions, { kind: "contract" });
}

/** `*` stands for any characters of one name. Everything else in a pattern is a letter, a digit, `_` or the one dot. */
function matches(pattern: string, promise: ReadableProcedure): boolean {
  const expression = pattern.replaceAll(".", "\\.").replaceAll("*", "[^.]*");
  return new RegExp(`^${expression}$`).test(procedureKey(promise));
}
