import type { Access, ServiceAccess } from "./access.ts";
import { AccessFileError } from "./access-error.ts";
import type { SourcePosition } from "./migrate-error.ts";

/** Postgres cuts longer names off in silence, and two roles become one. */
const nameBytesMax = 63;
const servicesMax = 1_000;
const entriesMax = 1_000;

const serviceName = /^[a-z][a-z0-9_-]*$/;
const schemaName = /^[a-z_][a-z0-9_]*$/;
const readsPattern = /^[a-z_][a-z0-9_]*\.[a-z0-9_*]+$/;

/** An access.json as it was written, checked against its schema. Every fault of the file is told, not the first alone. */
export function parseAccess(file: string, text: string): Access {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new AccessFileError(file, [`it is not JSON: ${message}`], [placeOfSyntaxError(file, text, message)], {
      cause: error,
    });
  }
  const faults = new Faults(file, text);
  const access = readRoot(json, faults);
  faults.throwIfAny();
  return { file, ...access };
}

/** The line where `word` stands below `path`: found by looking for one part after the other. */
export function placeInFile(
  file: string,
  lines: readonly string[],
  path: readonly string[],
  word: unknown,
): SourcePosition {
  let index = 0;
  for (const part of [...path, word]) {
    const next = lines.findIndex((line, at) => at >= index && line.includes(JSON.stringify(part) ?? ""));
    if (next >= 0) index = next;
  }
  return { file, line: index + 1, text: lines[index] };
}

/** What is wrong with a file, collected. */
class Faults {
  readonly #file: string;
  readonly #lines: readonly string[];
  readonly #problems: string[] = [];
  readonly #positions: SourcePosition[] = [];

  constructor(file: string, text: string) {
    this.#file = file;
    this.#lines = text.split(/\r?\n/);
  }

  /** `where` is a path into the file, `word` what is wrong there: its line is found by looking for one after the other. */
  add(where: string, problem: string, word: unknown): void {
    this.#problems.push(where === "" ? problem : `${where} ${problem}`);
    const path = where.split(".").filter((each) => each !== "");
    this.#positions.push(placeInFile(this.#file, this.#lines, path, word));
  }

  throwIfAny(): void {
    if (this.#problems.length > 0) throw new AccessFileError(this.#file, this.#problems, this.#positions);
  }
}

function readRoot(json: unknown, faults: Faults): Access {
  const root = readObject("", json, ["rolePrefix", "ownerRole", "services", "$schema"], faults);
  const rolePrefix = readRolePrefix(root.rolePrefix, faults);
  const ownerRole = readOwnerRole(root.ownerRole, faults);
  const services: Record<string, ServiceAccess> = {};
  if (root.services === undefined) faults.add("", "services is missing", "services");
  const given = Object.entries(readMap("services", root.services ?? {}, faults));
  if (given.length > servicesMax) faults.add("services", `holds ${given.length}, more than ${servicesMax}`, "services");
  for (const [service, value] of given) {
    checkServiceName(service, rolePrefix, ownerRole, faults);
    services[service] = readService(service, value, faults);
  }
  return { rolePrefix, ownerRole, services };
}

function readRolePrefix(value: unknown, faults: Faults): string {
  if (value === undefined) return "";
  if (typeof value === "string" && /^([a-z_][a-z0-9_-]*)?$/.test(value)) return value;
  faults.add("rolePrefix", `must be a lower-case name or "", but is ${show(value)}`, value);
  return "";
}

function readOwnerRole(value: unknown, faults: Faults): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && value !== "" && Buffer.byteLength(value) <= nameBytesMax && !value.includes("\0"))
    return value;
  faults.add("ownerRole", `must be a role's name of 1 to ${nameBytesMax} bytes, but is ${show(value)}`, value);
  return undefined;
}

function checkServiceName(service: string, rolePrefix: string, ownerRole: string | undefined, faults: Faults): void {
  const where = `services.${service}`;
  if (!serviceName.test(service))
    faults.add(where, "is no service's name: lower-case letters, digits, _ and -, a letter first", service);
  const role = rolePrefix + service;
  if (Buffer.byteLength(role) > nameBytesMax)
    faults.add(where, `makes the role ${role}, longer than the ${nameBytesMax} bytes of a Postgres name`, service);
  if (role === ownerRole) faults.add(where, `would log in as the owner role ${role}, who may do anything`, service);
}

function readService(service: string, value: unknown, faults: Faults): ServiceAccess {
  const where = `services.${service}`;
  const given = readObject(where, value, ["own", "uses", "reads"], faults);
  return {
    own: readNames(`${where}.own`, given.own, schemaName, "a schema's name", faults),
    uses: readNames(`${where}.uses`, given.uses, /^\S+$/, "a package's name", faults),
    reads: readNames(
      `${where}.reads`,
      given.reads,
      readsPattern,
      "schema.procedure, with * for any characters",
      faults,
    ),
  };
}

function readNames(where: string, value: unknown, pattern: RegExp, what: string, faults: Faults): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > entriesMax) {
    faults.add(where, `must be a list of at most ${entriesMax} names, but is ${show(value)}`, where.split(".").at(-1));
    return [];
  }
  const list: readonly unknown[] = value;
  return list.filter((name): name is string => {
    if (typeof name === "string" && pattern.test(name)) return true;
    faults.add(where, `holds ${show(name)}, which is not ${what}`, name);
    return false;
  });
}

function readObject(where: string, value: unknown, known: readonly string[], faults: Faults): Record<string, unknown> {
  const object = readMap(where, value, faults);
  for (const key of Object.keys(object))
    if (!known.includes(key))
      faults.add(where, `has a key ${key} that means nothing (known: ${known.join(", ")})`, key);
  return object;
}

function readMap(where: string, value: unknown, faults: Faults): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  faults.add(where, `must be an object, but is ${show(value)}`, where);
  return {};
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/** The parser tells the offset in its message, on every Node that this runs on; the first line, should one not. */
function placeOfSyntaxError(file: string, text: string, message: string): SourcePosition {
  const before = text.slice(0, Number(/position (\d+)/.exec(message)?.[1] ?? 0));
  const lines = before.split(/\r?\n/);
  const line = lines.length;
  return { file, line, column: (lines.at(-1)?.length ?? 0) + 1, text: text.split(/\r?\n/)[line - 1] };
}
