import type { Arguments } from "./command-line.ts";
import { CommandLineError } from "./command-line-error.ts";

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** No wait on a command line is meant to be longer, and no timer of Node's can be. */
const DURATION_MS_MAX = 24 * 3_600_000;

/** `500ms`, `60s`, `1.5m` or `1h` in milliseconds. A bare number is refused: half of the world's tools would mean seconds by it. */
export function parseDuration(option: string, given: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(given);
  const ms = match === null ? Number.NaN : Math.round(Number(match[1]) * (MS_PER_UNIT[match[2] ?? ""] ?? Number.NaN));
  if (ms >= 0 && ms <= DURATION_MS_MAX) return ms;
  throw new CommandLineError(
    `${option} must be a number with its unit, like 500ms, 60s or 5m, and at most 24h, but is ${JSON.stringify(given.slice(0, 60))}`,
  );
}

/** The value of an option that is a duration, in milliseconds; nothing if it was not given. */
export function durationOption(args: Arguments, option: string): number | undefined {
  const given = args.value(option);
  return given === undefined ? undefined : parseDuration(`--${option}`, given);
}

/** A duration for a reader: `38 ms`, `12.4 s`, `1m 12s`, `2h 5m`. */
export function showDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  return `${Math.floor(seconds / 3600)}h ${Math.floor((seconds % 3600) / 60)}m`;
}
