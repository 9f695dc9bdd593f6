import { expect, test } from "@jest/globals";
import { knownKeys, OptionError, oneOf } from "./option-error.ts";

const SECRET = "hunter2secret";
const known = ["writeUrl", "readUrl", "poolMax"];

function failure(work: () => unknown): OptionError {
  try {
    work();
  } catch (error) {
    if (error instanceof OptionError) return error;
  }
  throw new Error("no OptionError was thrown");
}

test("an unknown option is named with what was probably meant, and its value is not shown", () => {
  const error = failure(() => knownKeys({ writeurl: SECRET }, known, "connect"));
  expect(error.message).toBe("unknown option writeurl; did you mean writeUrl? connect has writeUrl, readUrl, poolMax");
  expect(error.option).toBe("writeurl");
  const far = failure(() => knownKeys({ url: SECRET }, known, "connect"));
  expect(far.message).toBe("unknown option url; connect has writeUrl, readUrl, poolMax");
});

test("no options at all are refused without being shown", () => {
  for (const given of [SECRET, 5, null])
    expect(failure(() => knownKeys(given as never, known)).message).not.toContain(SECRET);
});

test.each([`postgres://u:${SECRET}@h/db`, `host=h password=${SECRET}`, { [SECRET]: SECRET }, [SECRET], () => SECRET])(
  "what may hold a secret is not shown where another value was expected",
  (value) => {
    expect(failure(() => oneOf("pooler", value, ["none"])).message).not.toContain(SECRET);
  },
);

test("a short plain value is shown: it says what is wrong", () => {
  expect(failure(() => oneOf("pooler", "session", ["none"])).message).toBe(
    'option pooler must be one of "none", but is "session"',
  );
});
