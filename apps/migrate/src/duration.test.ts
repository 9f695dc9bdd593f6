import { expect, test } from "@jest/globals";
import { CommandLineError } from "./command-line-error.ts";
import { parseDuration, showDuration } from "./duration.ts";

test.each([
  ["500ms", 500],
  ["0s", 0],
  ["60s", 60_000],
  ["1.5m", 90_000],
  ["24h", 86_400_000],
])("%s is %i ms", (given, ms) => {
  expect(parseDuration("--lock-timeout", given)).toBe(ms);
});

test.each(["60", "", "s", "-1s", "1d", "25h", "1e9s", "ten seconds", " 5s"])(
  "%j is refused with the reason",
  (given) => {
    expect(() => parseDuration("--lock-timeout", given)).toThrow(CommandLineError);
    expect(() => parseDuration("--lock-timeout", given)).toThrow(/--lock-timeout must be a number with its unit/);
  },
);

test.each([
  [0.4, "0 ms"],
  [38, "38 ms"],
  [12_400, "12.4 s"],
  [72_000, "1m 12s"],
  [7_500_000, "2h 5m"],
])("%d ms is shown as %s", (ms, shown) => {
  expect(showDuration(ms)).toBe(shown);
});
