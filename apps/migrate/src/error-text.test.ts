import { expect, test } from "@jest/globals";
import { printError } from "./error-text.ts";
import { Output } from "./output.ts";

function printed(fields: object): string {
  const lines: string[] = [];
  const stream = { write: (text: string) => lines.push(text) };
  const output = new Output(stream, stream, { json: false, quiet: false, noColor: true, env: {} });
  printError(
    output,
    Object.assign(new Error("it broke"), { code: "MIG500", kind: "contract", ...fields }),
    "/app",
    false,
  );
  return lines.join("");
}

test("two problems at one place show the place once", () => {
  const position = { file: "/app/migrations/900-r-p.sql", line: 4, column: 1, text: "-- @proc mode=read" };
  const text = printed({ positions: [position, { ...position }] });
  expect(text.match(/-- @proc/g)).toHaveLength(1);
  expect(text.match(/900-r-p\.sql:4:1/g)).toHaveLength(1);
});

test("each line of a hint stands below the error, so that statements can be copied", () => {
  expect(printed({ hint: "as SQL:\n  grant a;\n  grant b;" })).toBe(
    "error MIG500 it broke\n  as SQL:\n    grant a;\n    grant b;\n",
  );
});
