import { OptionError } from "./errors.ts";

/** Refuses anything but a whole number in the range. `undefined` stands for the default and passes. */
export function checkInteger(option: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined) return;
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new OptionError(option, `a whole number from ${min} to ${max}`, value);
}

/** Refuses anything but one of the named values. `undefined` stands for the default and passes. */
export function checkOneOf(option: string, value: string | undefined, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value)) return;
  throw new OptionError(option, `one of ${allowed.join(", ")}`, value);
}

/** Parses a URL of a Postgres server. The URL is not repeated in the error: it may hold a password. */
export function checkPostgresUrl(option: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && ["postgres:", "postgresql:"].includes(url.protocol)) return url;
  throw new OptionError(option, "a URL that begins with postgres:// or postgresql://", "(not shown)");
}
