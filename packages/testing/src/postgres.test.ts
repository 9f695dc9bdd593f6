import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "@jest/globals";
import { FolderError, killHard, OptionError, ServerStartError, spawnWorker, startPostgres } from "./index.ts";
import { programOf } from "./process-state.ts";
import { withSession } from "./session.ts";

const BUILT = new URL("../dist/index.js", import.meta.url).href;
const OWNER = new URL("./fixtures/server-owner.mjs", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "plinth testing "));
// When these tests run as root, the servers run as nobody, who must come through.
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const one = (url: string, text: string): Promise<unknown> =>
  withSession(url, async (session) => Object.values((await session.query(text)).rows[0] ?? {})[0]);

async function gone(pid: number, path: string): Promise<void> {
  while (programOf(pid) !== undefined || existsSync(path)) await sleep(5);
}

interface Started {
  readonly url: string;
  readonly pid: number;
  readonly dataDirectory: string;
}

test("a server takes the settings it is given and answers on loopback", async () => {
  await using server = await startPostgres({ settings: { max_connections: 20, log_statement: "all", jit: false } });

  expect(await one(server.url, "show max_connections")).toBe("20");
  expect(await one(server.url, "show jit")).toBe("off");
  expect(await one(server.url, "show listen_addresses")).toBe("127.0.0.1");
  expect(await one(server.url, "show server_encoding")).toBe("UTF8");
  expect(await one(server.url, "show timezone")).toBe("UTC");
  expect(String(await one(server.url, "show server_version_num"))).toMatch(/^18/);
  expect(server.log).toContain("show jit");
});

test("closing a server leaves neither process nor data", async () => {
  const server = await startPostgres();
  const { pid, dataDirectory } = server;
  await server.close();
  await server.close();

  expect(programOf(pid!)).toBeUndefined();
  expect(existsSync(dataDirectory)).toBe(false);
  await expect(server.start()).rejects.toBeInstanceOf(ServerStartError);
});

test("a stopped server starts again on its port with its data, also after a crash", async () => {
  await using server = await startPostgres();
  const { url } = server;
  await one(url, "create table kept as select 7 as value");

  await server.stop({ mode: "immediate" });
  expect(server.pid).toBeUndefined();
  await server.start();
  expect(await one(url, "select value from kept")).toBe(7);

  await killHard(server);
  expect(server.pid).toBeUndefined();
  await server.start();
  expect(server.url).toBe(url);
  expect(await one(url, "select value from kept")).toBe(7);
});

test("a server whose owner is killed is gone, with its data, and nothing waits for it", async () => {
  const owner = await spawnWorker(OWNER, { args: [BUILT] });
  const server = await owner.message<Started>("server");
  expect(await one(server.url, "select 1")).toBe(1);

  await killHard(owner);
  await gone(server.pid, server.dataDirectory);
});

test("an owner that is killed while its server starts leaves nothing", async () => {
  const tmp = mkdtempSync(join(folder, "early-"));
  chmodSync(tmp, 0o755);
  const owner = await spawnWorker(OWNER, { args: [BUILT], env: { TMPDIR: tmp } });
  const begun = (): string | undefined => readdirSync(tmp).find((name) => name.startsWith("plinth-data-"));
  while (begun() === undefined) await sleep(1);

  await killHard(owner);
  while (begun() !== undefined) await sleep(5);
});

test("a data directory that was given is kept, and the next server goes on with it after the owner was killed", async () => {
  const dataDirectory = join(folder, "a data directory with spaces, and a long name ".repeat(3).trim(), "data");
  mkdirSync(join(dataDirectory, ".."), { recursive: true, mode: 0o755 });
  const owner = await spawnWorker(OWNER, { args: [BUILT, JSON.stringify({ dataDirectory })] });
  const first = await owner.message<Started>("server");
  await one(first.url, "create table kept as select 7 as value");
  await killHard(owner);

  await using second = await startPostgres({ dataDirectory });
  expect(await one(second.url, "select value from kept")).toBe(7);
  expect(await one(second.url, "show fsync")).toBe("on");
});

test("two servers can't have one data directory", async () => {
  const dataDirectory = join(folder, "shared");
  await using server = await startPostgres({ dataDirectory });

  const second = startPostgres({ dataDirectory });
  await expect(second).rejects.toBeInstanceOf(FolderError);
  await expect(second).rejects.toThrow(`process ${server.pid}`);
  expect(await one(server.url, "select 1")).toBe(1);
});

test("a postmaster.pid that names a process which is no Postgres is no obstacle", async () => {
  await using server = await startPostgres();
  const file = join(server.dataDirectory, "postmaster.pid");
  const alive = readFileSync(file, "utf8").replace(/^\d+/, String(process.pid));
  await killHard(server);
  writeFileSync(file, alive);

  await server.start();
  expect(await one(server.url, "select 1")).toBe(1);
});

test("a folder with anything else in it is refused and left as it is", async () => {
  const other = mkdtempSync(join(folder, "other-"));
  writeFileSync(join(other, "letter.txt"), "dear");

  await expect(startPostgres({ dataDirectory: other })).rejects.toBeInstanceOf(FolderError);
  expect(readFileSync(join(other, "letter.txt"), "utf8")).toBe("dear");

  writeFileSync(join(other, "PG_VERSION"), "15\n");
  await expect(startPostgres({ dataDirectory: other })).rejects.toThrow("the data of a Postgres 15");
});

test("a port that is taken and a setting that does not exist fail with the server's own words", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const { port } = holder.address() as { port: number };

  await expect(startPostgres({ port })).rejects.toThrow("Address already in use");
  await expect(startPostgres({ settings: { no_such_setting: 1 } })).rejects.toThrow("no_such_setting");
  holder.close();
});

test("options out of their range are refused by name", async () => {
  await expect(startPostgres({ port: 0 })).rejects.toThrow(
    "Option port must be a whole number from 1 to 65535; it is 0.",
  );
  await expect(startPostgres({ version: 14 })).rejects.toBeInstanceOf(OptionError);
  await expect(startPostgres({ settings: { port: 5432 } })).rejects.toBeInstanceOf(OptionError);
});
