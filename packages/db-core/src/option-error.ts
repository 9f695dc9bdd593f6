import { closestName } from "./closest-name.ts";
import { PlinthError } from "./plinth-error.ts";

/** In place of a value that no message may show, what is said of it instead: `but ${said}`. */
export class NotShown {
  readonly said: string;

  constructor(said: string) {
    this.said = said;
  }
}

/** An option is missing, unknown, of the wrong type or out of its range. Thrown on entry: nothing was done. */
export class OptionError extends PlinthError {
  override readonly name = "OptionError";
  readonly code = "OPTION_INVALID";

  /** The option's name, as the caller wrote it. */
  readonly option: string;

  constructor(option: string, expected: string, found: unknown, options?: ErrorOptions) {
    super(
      found === UNKNOWN
        ? `unknown option ${option}; ${expected}`
        : `option ${option} must be ${expected}, but ${saidOf(found)}`,
      options,
    );
    this.option = option;
  }
}

/** Stands for an option that there is not: whatever was given for it, a misspelt `writeUrl` has a password in it. */
const UNKNOWN = Symbol("unknown");

function saidOf(found: unknown): string {
  return found instanceof NotShown ? found.said : `is ${describeValue(found)}`;
}

/** A value as a message shows it: short, and never a long text, a URL or the inside of an object, which may hold a secret. */
export function describeValue(value: unknown): string {
  if (typeof value === "string" && /:\/\/|password/i.test(value))
    return "a text that is not shown: it may hold a password";
  if (typeof value === "string")
    return value.length > 60 ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

/** A whole number from `min` to `max`, or an {@link OptionError}. */
export function wholeNumber(option: string, value: unknown, min: number, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new OptionError(option, `a whole number from ${min} to ${max}`, value);
}

/** One of `allowed`, or an {@link OptionError}. */
export function oneOf<Value extends string>(option: string, value: unknown, allowed: readonly Value[]): Value {
  if (allowed.includes(value as Value)) return value as Value;
  throw new OptionError(option, `one of ${allowed.map((each) => JSON.stringify(each)).join(", ")}`, value);
}

/** `true` or `false`, or an {@link OptionError}. */
export function trueOrFalse(option: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new OptionError(option, "true or false", value);
}

/** A string of `lengthMin` to `lengthMax` characters, or an {@link OptionError}. */
export function text(option: string, value: unknown, lengthMin: number, lengthMax: number): string {
  if (typeof value === "string" && value.length >= lengthMin && value.length <= lengthMax) return value;
  throw new OptionError(option, `a string of ${lengthMin} to ${lengthMax} characters`, value);
}

/**
 * Refuses keys that no option has: a misspelt option would be ignored in silence. Their values are never shown.
 *
 * @throws {OptionError}
 */
export function knownKeys(options: object, known: readonly string[], what = "options"): void {
  if (typeof options !== "object" || options === null)
    throw new OptionError(what, "an object with options by name", new NotShown(`is a ${typeof options}`));
  for (const key of Object.keys(options))
    if (!known.includes(key))
      throw new OptionError(key, `${guess(key, known)}${what} has ${known.join(", ")}`, UNKNOWN);
}

/** `did you mean writeUrl? `, where one of `known` is near enough. */
export function guess(key: string, known: readonly string[]): string {
  const closest = closestName(key, known);
  return closest === undefined ? "" : `did you mean ${closest}? `;
}
