import { expect, test } from "@jest/globals";
import { upgradeUnderLoad } from "./upgrade-under-load.ts";

// The long form of it is upgrade-under-load.chaos.ts.
const UPGRADES = 3;

test("a table is split in two under eight callers of the old release, and every call gets a right answer", async () => {
  for (let upgrade = 1; upgrade <= UPGRADES; upgrade += 1) {
    const { calls, wrong, after } = await upgradeUnderLoad();
    expect(wrong).toEqual([]);
    expect(calls).toBeGreaterThan(1_000);
    expect(after).toEqual({ country: "unknown", homeless: 0n });
  }
});
