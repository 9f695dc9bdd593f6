import { expect, test } from "@jest/globals";
import { Output, type OutputOptions } from "./output.ts";

function outputs(isTTY: boolean, options: Partial<OutputOptions> = {}) {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const output = new Output(
    { isTTY, write: (text) => stdout.push(text) },
    { isTTY, write: (text) => stderr.push(text) },
    { json: false, quiet: false, noColor: false, env: {}, ...options },
  );
  return { output, stdout: () => stdout.join(""), stderr: () => stderr.join("") };
}

test("a pipe gets no colours, a terminal does, unless NO_COLOR, --no-color or a dumb terminal says otherwise", () => {
  const colored = (isTTY: boolean, options: Partial<OutputOptions> = {}) =>
    outputs(isTTY, options).output.style("red", "x") !== "x";
  expect(colored(true)).toBe(true);
  expect(colored(false)).toBe(false);
  expect(colored(true, { env: { NO_COLOR: "1" } })).toBe(false);
  expect(colored(true, { env: { NO_COLOR: "" } })).toBe(true);
  expect(colored(true, { env: { TERM: "dumb" } })).toBe(false);
  expect(colored(true, { noColor: true })).toBe(false);
  expect(colored(false, { env: { FORCE_COLOR: "1" } })).toBe(true);
});

test("with json the document alone goes to stdout, and what is going on to stderr", () => {
  const { output, stdout, stderr } = outputs(false, { json: true });
  output.line("a result");
  output.log("going on");
  output.warn("odd");
  output.document({ id: 12345678901234567890n, when: new Date(0) });
  expect(JSON.parse(stdout())).toEqual({ id: "12345678901234567890", when: "1970-01-01T00:00:00.000Z" });
  expect(stderr()).toBe("going on\nwarning odd\n");
});

test("quiet leaves errors and the document", () => {
  const { output, stdout, stderr } = outputs(true, { json: true, quiet: true });
  output.line("a line");
  output.warn("odd");
  output.live("going");
  output.error("wrong");
  output.document({});
  expect([stdout(), stderr()]).toEqual(["{}\n", "wrong\n"]);
});

test("a password is shown nowhere, and a document stays JSON", () => {
  const { output, stdout, stderr } = outputs(false, { json: true });
  output.error("no connection to postgres://u:secret@h");
  output.document({ a: 'postgres://u:sec"ret', b: "x@y", c: "password=secret next" });
  expect(JSON.parse(stdout())).toEqual({ a: 'postgres://u:sec"ret', b: "x@y", c: "password=*** next" });
  expect(stderr()).toBe("no connection to postgres://u:***@h\n");
});

test("what a server says can't move the cursor", () => {
  const { output, stderr } = outputs(false);
  output.error("a\u001b[2Jb\rc\u0007");
  expect(stderr()).toBe("a␛[2Jb␍c␇\n");
});

test("a live line is cut to the terminal's width, and one without a width counts as 80", () => {
  for (const [columns, shown] of [
    [10, 9],
    [0, 79],
  ] as const) {
    const written: string[] = [];
    const stream = { isTTY: true, columns, write: (text: string) => written.push(text) };
    new Output(stream, stream, { json: false, quiet: false, noColor: false, env: {} }).live("x".repeat(200));
    expect(written.join("")).toBe(`\r\u001b[K${"x".repeat(shown)}`);
  }
});
