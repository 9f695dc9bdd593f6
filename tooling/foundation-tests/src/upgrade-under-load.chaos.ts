import { expect, test } from "@jest/globals";
import { upgradeUnderLoad } from "./upgrade-under-load.ts";

const UPGRADES = 20;

test.each(Array.from({ length: UPGRADES }, (_, index) => index + 1))(
  "upgrade %i under eight callers: every call gets a right answer",
  async () => {
    const { wrong, after } = await upgradeUnderLoad();
    expect(wrong).toEqual([]);
    expect(after).toEqual({ country: "unknown", homeless: 0n });
  },
);
