import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import type { Blocker, MigrationFile } from "@plinth/migrate";
import { ApplyReport } from "./apply-report.ts";
import { Output } from "./output.ts";

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ["performance"] });
});
afterEach(() => {
  jest.useRealTimers();
});

function reportTo(isTTY: boolean, env: Record<string, string> = {}) {
  const written: string[] = [];
  const stream = { isTTY, columns: 80, write: (text: string) => written.push(text) };
  const report = new ApplyReport(new Output(stream, stream, { json: false, quiet: false, noColor: true, env }));
  return { report, text: () => written.join("") };
}

function file(number: number, name: string, transactional = true): MigrationFile {
  const fileName = `00${number}-${name}.sql`;
  const path = `/app/migrations/${fileName}`;
  return {
    namespace: "@acme/app",
    number,
    name,
    repeatable: false,
    fileName,
    path,
    hash: "",
    sizeBytes: 1,
    transactional,
  };
}

const holder: Blocker = {
  pid: 4121,
  applicationName: "plinth-migrate",
  clientHost: "ci-8",
  user: "app",
  state: "active",
  query: "create index\n  concurrently i on t (a)",
  ageMs: 41_000,
  hidden: false,
};

test("a log gets a line every ten seconds of a long statement, with what it is at, and no cursor movement", () => {
  const { report, text } = reportTo(false);
  report.hear({ type: "started", file: file(2, "index", false), index: 2, count: 3 });
  report.hear({ type: "statement", file: file(2, "index", false), statement: 1, statements: 2, line: 4 });
  expect(text()).toBe("");
  jest.advanceTimersByTime(9_999);
  expect(text()).toBe("");
  jest.advanceTimersByTime(20_001);
  expect(
    text().match(/\[2\/3\] @acme\/app 002-index\.sql … running for .*, statement 1 of 2 in line 4\n/g),
  ).toHaveLength(3);
  expect(text()).not.toContain("\r");

  report.hear({ type: "ran", file: file(2, "index", false), index: 2, count: 3, durationMs: 30_500 });
  const ended = text();
  jest.advanceTimersByTime(60_000);
  expect(text()).toBe(ended);
  expect(ended).toMatch(/\[2\/3\] @acme\/app 002-index\.sql \.+ 30\.5 s\n$/);
});

test("a statement that this role may not see comes with what lets it see it", () => {
  const { report, text } = reportTo(false);
  report.hear({
    type: "waiting",
    waitedMs: 300,
    holder: { ...holder, state: undefined, query: undefined, hidden: true },
  });
  expect(text()).toContain(
    "pid 4121 plinth-migrate on ci-8, what it does is hidden from this role: grant pg_read_all_stats",
  );
});

test("a terminal gets one line that is written over, and CI on a terminal does not", () => {
  for (const [env, live] of [
    [{}, true],
    [{ CI: "true" }, false],
    [{ TERM: "dumb" }, false],
  ] as const) {
    const { report, text } = reportTo(true, env);
    report.hear({ type: "started", file: file(1, "a"), index: 1, count: 1 });
    report.hear({ type: "ran", file: file(1, "a"), index: 1, count: 1, durationMs: 3 });
    report.close();
    expect(text().includes("\r\u001b[K")).toBe(live);
    expect(text()).toMatch(/\[1\/1\] @acme\/app 001-a\.sql \.+ 3 ms\n$/);
  }
});

test("a wait for the lock says who has it and what they do", () => {
  const { report, text } = reportTo(false);
  report.hear({ type: "waiting", waitedMs: 0, holder });
  report.hear({ type: "locked", waitedMs: 12_400 });
  expect(text()).toBe(
    [
      'lock   waiting, 0 ms so far, for pid 4121 plinth-migrate on ci-8, active for 41.0 s, "create index concurrently i on t (a)"',
      "lock   acquired after 12.4 s\n",
    ].join("\n"),
  );
});

test("a retry says why, who was in the way, and that all was rolled back", () => {
  const { report, text } = reportTo(false);
  const idle = {
    ...holder,
    pid: 311,
    applicationName: "web",
    clientHost: undefined,
    state: "idle in transaction",
    query: undefined,
  };
  report.hear({ type: "started", file: file(1, "a"), index: 1, count: 1 });
  report.hear({ type: "rolled back", namespace: "@acme/app", files: [file(1, "a")] });
  report.hear({
    type: "retrying",
    file: file(1, "a"),
    attempt: 2,
    attemptsMax: 10,
    sqlstate: "55P03",
    by: [idle],
    delayMs: 200,
  });
  expect(text()).toBe(
    "retry  @acme/app 001-a.sql: a lock was not to be had in time, blocked by pid 311 web, idle in transaction for 41.0 s; rolled back, retry 2 of 10 in 200 ms\n",
  );
});
