import { PlinthError } from "./plinth-error.ts";

/** An option is missing, of the wrong type or out of its range. Thrown on entry: nothing was done. */
export class OptionError extends PlinthError {
  override readonly name = "OptionError";
  readonly code = "OPTION_INVALID";

  /** The option's name, as the caller wrote it. */
  readonly option: string;

  constructor(option: string, expected: string, found: unknown, options?: ErrorOptions) {
    super(`option ${option} must be ${expected}, but is ${describeValue(found)}`, options);
    this.option = option;
  }
}

/** A value as a message shows it: short, and never a long text or the inside of an object, which may hold a secret. */
export function describeValue(value: unknown): string {
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

/** Refuses keys that no option has: a misspelt option would be ignored in silence. */
export function knownKeys(options: object, known: readonly string[], what = "options"): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw new OptionError(key, `left out: ${what} has ${known.join(", ")}`, Reflect.get(options, key));
  }
}
