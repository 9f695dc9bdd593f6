import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { otherProcess, run, sessionDatabase } from "./fixtures/session-database.ts";

const PROGRAM = fileURLToPath(new URL("./fixtures/never-closes.mjs", import.meta.url));
const LOCK = 4711;

const database = await sessionDatabase();
const other = await otherProcess(database.url);
const children: ChildProcess[] = [];

beforeAll(() =>
  run(
    database.url,
    `create function wait() returns integer language sql volatile
     begin atomic select 1 from (select pg_advisory_xact_lock_shared(${LOCK})) as waited; end`,
  ),
);

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

afterAll(async () => {
  await other.end();
  await database.drop();
});

/** A process that does one thing with a database it never closes, what it said, and how it ended. */
function start(does: string): { said(): string; saidAll(text: string): Promise<void>; exit(): Promise<string> } {
  const child = spawn(process.execPath, [PROGRAM, database.url, does], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const ended = once(child, "close");
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  return {
    said: () => said,
    saidAll: async (text) => {
      while (said !== text) await once(child.stdout, "data");
    },
    exit: async () => {
      const [code] = (await ended) as [number];
      return `${said}exit ${code}`;
    },
  };
}

/** Resolves when the server has had a call of `wait` blocked for longer than lanes look whether they are in use. */
async function blocked(): Promise<void> {
  const text = `select from pg_stat_activity
    where wait_event = 'advisory' and query like '%wait%' and clock_timestamp() - query_start > interval '500 ms'
      and datname = current_database()`;
  while ((await other.query(text)).rowCount === 0);
}

test.each([
  ["read", "1\n"],
  ["many reads", "50\n"],
  ["query", "1\n"],
  ["transaction", "1\n"],
])("a process that never closes ends by itself after its last %s", async (does, said) => {
  const child = start(does);
  await child.saidAll(said);
  expect(await child.exit()).toBe(`${said}exit 0`);
});

test("a process stays for a call that is in flight, and ends after its answer", async () => {
  await other.query(`select pg_advisory_lock(${LOCK})`);
  const child = start("wait");
  await blocked();
  expect(child.said()).toBe("1\n");
  await other.query(`select pg_advisory_unlock(${LOCK})`);
  await child.saidAll("1\n1\n");
  expect(await child.exit()).toBe("1\n1\nexit 0");
});

test("a process stays while it listens", async () => {
  const child = start("listen");
  await child.saidAll("listening\n");
  // Longer than a process that is not held would take.
  await other.query("select pg_sleep(1)");
  await other.query("notify never_closes, 'told'");
  await child.saidAll("listening\ntold\n");
  expect(await child.exit()).toBe("listening\ntold\nexit 0");
});

test("close finishes though no connection holds the process any more", async () => {
  const child = start("close later");
  await child.saidAll("1\n1\nclosed\n");
  expect(await child.exit()).toBe("1\n1\nclosed\nexit 0");
});
