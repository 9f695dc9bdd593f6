import type { Access } from "../access.ts";
import { type RoleFacts, serviceRoles } from "./role-facts.ts";

/** What is wrong with the roles themselves, and what is odd but may be meant. Nothing here can be put right by granting. */
export interface RoleFaults {
  readonly differences: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Holds the roles against the rule: a service is nothing but what it was granted, and the owner cannot log in.
 *
 * An owner that is the migrating role itself is let through with a warning: that is a developer's database, where one role does everything.
 */
export function roleFaults(access: Access, roles: readonly RoleFacts[]): RoleFaults {
  const services = new Set(serviceRoles(access));
  const differences: string[] = [];
  const warnings: string[] = [];
  for (const role of roles) {
    if (services.has(role.name)) differences.push(...attributeFaults(role), ...holdingFaults(role));
    if (role.name !== access.ownerRole) continue;
    const faults = attributeFaults(role);
    if (role.canLogin) faults.push(`the owner role ${role.name} can log in; whoever logs in as it may do anything`);
    (role.isSession ? warnings : differences).push(...faults);
  }
  return { differences, warnings };
}

function attributeFaults(role: RoleFacts): string[] {
  return role.attributes.map((attribute) => `${role.name} has the role attribute ${attribute}`);
}

function holdingFaults(role: RoleFacts): string[] {
  return [
    ...role.memberOf.map((other) => `${role.name} is a member of ${other}, and has its rights`),
    ...role.otherHolds.map((held) => `${role.name} has ${held}`),
  ];
}
