import { expect, test } from "@jest/globals";
import { closestName } from "./closest-name.ts";

const commands = ["plan", "apply", "status", "verify", "lint"];

test("a slip of the finger finds the name that was meant", () => {
  expect(closestName("aply", commands)).toBe("apply");
  expect(closestName("pal", commands)).toBeUndefined();
  expect(closestName("paln", commands)).toBe("plan");
  expect(closestName("STATUS", commands)).toBe("status");
  expect(closestName("verfiy", commands)).toBe("verify");
});

test("another word gets no guess", () => {
  expect(closestName("rollback", commands)).toBeUndefined();
  expect(closestName("x".repeat(1000), commands)).toBeUndefined();
});
