import { expect, test } from "@jest/globals";
import { hideSecrets, rememberSecret } from "./secrets.ts";

test.each([
  ["postgres://app:s3cret@db:5432/x", "postgres://app:***@db:5432/x"],
  ["connect to postgresql://u:a:b/c@h failed", "connect to postgresql://u:***@h failed"],
  ["host=db password=s3cret user=app", "host=db password=*** user=app"],
  ["?user=a&password=s3cret&x=1", "?user=a&password=***&x=1"],
  ["create role r login password 'it''s' valid", "create role r login password '***' valid"],
  ["create role r PASSWORD E's3cret'", "create role r PASSWORD E'***'"],
  ["no secret at all: https://host/path@x", "no secret at all: https://host/path@x"],
])("%j is shown as %j", (text, shown) => {
  expect(hideSecrets(text)).toBe(shown);
});

test("a value this process was given is hidden wherever it turns up, also as a URL writes it", () => {
  rememberSecret("pa ss/word");
  expect(hideSecrets("got pa ss/word and pa%20ss%2Fword")).toBe("got *** and ***");
});

test("a value too short to be told from a word is left alone", () => {
  rememberSecret("app");
  expect(hideSecrets("apply the app")).toBe("apply the app");
});
