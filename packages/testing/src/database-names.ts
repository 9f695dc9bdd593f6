import { createHash, randomBytes } from "node:crypto";
import { OptionError } from "./errors.ts";

// Every name begins like this, and nothing else is ever dropped.
const PREFIX = "plinth_test_";
const TEMPLATE_DIGITS = 16;
const SUFFIX_BYTES = 4;
const NAME_BYTES_MAX = 63;

/** For a like pattern: what all names here begin with. */
export const NAMES_LIKE = "plinth\\_test\\_%";

/** First argument of the advisory locks by which the makers of copies prove that they live, and of those under which templates are made. */
export const COPY_LOCKS = 0x706c6e74;
export const TEMPLATE_LOCKS = 0x706c6e75;

/** The name of the template for a key: the same on every machine, and another for each user, since databases have owners. */
export function templateName(key: string | Uint8Array, user: string, services: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify(["plinth template 1", user, services]));
  return PREFIX + hash.update(key).digest("hex").slice(0, TEMPLATE_DIGITS);
}

/** Second argument of the lock under which a template is made. */
export function templateLock(template: string): number {
  return createHash("sha256").update(template).digest().readInt32BE();
}

/** A database made from a template, or to become one, and the second argument of its maker's lock. */
export interface Copy {
  readonly name: string;
  readonly lock: number;
}

export function newCopy(template: string): Copy {
  const suffix = randomBytes(SUFFIX_BYTES);
  return { name: `${template}_${suffix.toString("hex")}`, lock: suffix.readInt32BE() };
}

/** The copy that a database is by its name; `undefined` for a template and for everything that wasn't made here. */
export function parseCopy(name: string): Copy | undefined {
  const match = /^plinth_test_[0-9a-f]{16}_([0-9a-f]{8})$/.exec(name);
  return match === null ? undefined : { name, lock: Buffer.from(match[1]!, "hex").readInt32BE() };
}

export function isTemplate(name: string): boolean {
  return /^plinth_test_[0-9a-f]{16}$/.test(name);
}

/** The role for a service's tests: roles are the cluster's, so each template has its own. */
export function roleName(template: string, service: string): string {
  const name = `${template}_${service}`;
  if (/^[a-z][a-z0-9_]*$/.test(service) && name.length <= NAME_BYTES_MAX) return name;
  const room = NAME_BYTES_MAX - template.length - 1;
  throw new OptionError(
    "roles",
    `names of at most ${room} lower case letters, digits and underscores that begin with a letter`,
    service,
  );
}
