import { quoteName } from "../catalog/catalog-client.ts";
import { everybody, type Grant, type HeldGrant } from "./held-grants.ts";

/** One thing that has to be granted or taken back, for the grants to be as access.json says. */
export interface GrantChange {
  readonly action: "grant" | "revoke";
  readonly privilege: string;
  /** `function gallery.get_photo(bigint)`. */
  readonly on: string;
  /** The role, or `PUBLIC`. */
  readonly role: string;
  /** The statement that does it. */
  readonly statement: string;
}

/** What is between the grants that are held and those that are wanted, in a stable order: what is taken back comes first. */
export function grantChanges(held: readonly HeldGrant[], wanted: readonly Grant[]): GrantChange[] {
  const wantedKeys = new Set(wanted.map(keyOf));
  const kept = new Set(held.filter((grant) => !grant.grantable && wantedKeys.has(keyOf(grant))).map(keyOf));
  const revokes = new Map<string, GrantChange>();
  for (const grant of held) if (!kept.has(keyOf(grant))) revokes.set(keyOf(grant), revoke(grant));
  const grants = new Map<string, GrantChange>();
  for (const grant of wanted) if (!kept.has(keyOf(grant))) grants.set(keyOf(grant), give(grant));
  return [...revokes.values(), ...grants.values()];
}

/** `EXECUTE on function gallery.get_photo(bigint) is missing for gallery`. */
export function describeDifference(change: GrantChange): string {
  const is = change.action === "grant" ? "is missing for" : "is held by";
  return `${change.privilege} on ${change.on} ${is} ${change.role}${change.action === "grant" ? "" : ", who must not have it"}`;
}

function give(grant: Grant): GrantChange {
  const on = objectOf(grant);
  return {
    action: "grant",
    privilege: grant.privilege,
    on,
    role: nameOf(grant),
    statement: `grant ${grant.privilege.toLowerCase()} on ${on} to ${sqlRole(grant)}`,
  };
}

function revoke(grant: Grant): GrantChange {
  const on = objectOf(grant);
  const column = grant.column === undefined ? "" : ` (${grant.column})`;
  return {
    action: "revoke",
    privilege: grant.privilege,
    on: grant.column === undefined ? on : `${on} column ${grant.column}`,
    role: nameOf(grant),
    statement: `revoke ${grant.privilege.toLowerCase()}${column} on ${on} from ${sqlRole(grant)} cascade`,
  };
}

/** `routine`, since a grant on a function of kind procedure or aggregate is refused to the word `function`. */
function objectOf(grant: Grant): string {
  const kind = grant.kind === "function" ? "routine" : grant.kind === "column" ? "table" : grant.kind;
  return `${kind} ${grant.object}`;
}

function nameOf(grant: Grant): string {
  return grant.role === everybody ? "PUBLIC" : grant.role;
}

function sqlRole(grant: Grant): string {
  return grant.role === everybody ? "public" : quoteName(grant.role);
}

function keyOf(grant: Grant): string {
  return JSON.stringify([grant.kind, grant.object, grant.column ?? "", nameOf(grant), grant.privilege]);
}
