import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "@jest/globals";
import {
  createTestDatabase,
  killHard,
  OptionError,
  spawnWorker,
  startPostgres,
  TestingError,
  TestServerPrivilegeError,
  TimeoutError,
} from "./index.ts";
import { openSession, withDatabase, withSession } from "./session.ts";

const BUILT = new URL("../dist/index.js", import.meta.url).href;
const OWNER = new URL("./fixtures/database-owner.mjs", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "plinth-testing-"));
// Of its own: these tests count databases.
const { url: server, ...own } = await startPostgres().then((started) => ({
  url: started.url,
  close: () => started.close(),
}));
afterAll(async () => {
  await own.close();
  rmSync(folder, { recursive: true, force: true });
});

const prepare = async (url: string): Promise<void> => {
  await withSession(url, (session) =>
    session.query("create table item (id bigint generated always as identity primary key, name text)"),
  );
};

async function column(text: string, url = server): Promise<unknown[]> {
  return withSession(url, async (session) =>
    (await session.query({ text, rowMode: "array" })).rows.map(([first]) => first),
  );
}

const databases = async (): Promise<unknown[]> =>
  column("select datname from pg_database where datname like 'plinth%' order by 1");

test("two databases of one key have the same tables and nothing in common", async () => {
  await using a = await createTestDatabase({ key: "pair", prepare, server });
  await using b = await createTestDatabase({ key: "pair", prepare, server });
  await column("insert into item (name) values ('a')", a.url);

  expect(a.template).toBe(b.template);
  expect(a.name).not.toBe(b.name);
  expect(await column("select count(*)::int from item", b.url)).toEqual([0]);
});

test("eight processes that ask at once have prepare run once", async () => {
  const log = join(folder, "eight");
  const args = [BUILT, JSON.stringify({ server, key: "eight", log })];
  const owners = await Promise.all(Array.from({ length: 8 }, () => spawnWorker(OWNER, { args })));
  const made = await Promise.all(owners.map((owner) => owner.message<{ name: string }>("made")));

  expect(readFileSync(log, "utf8")).toBe("prepared\n");
  expect(new Set(made.map(({ name }) => name)).size).toBe(8);
  await Promise.all(owners.map((owner) => owner.close()));
});

test("a prepare that throws leaves nothing, and the next one is asked again", async () => {
  const before = await databases();
  const failing = async (url: string): Promise<void> => {
    await prepare(url);
    throw new RangeError("half way");
  };
  await expect(createTestDatabase({ key: "throws", prepare: failing, server })).rejects.toThrow(
    new RangeError("half way"),
  );
  expect(before).toEqual(expect.arrayContaining(await databases()));

  await using made = await createTestDatabase({ key: "throws", prepare, server });
  expect(await column("select count(*)::int from item", made.url)).toEqual([0]);
});

test("a prepare whose process is killed leaves no usable template, and what it leaves is collected", async () => {
  const before = await databases();
  const log = join(folder, "killed");
  const owner = await spawnWorker(OWNER, {
    args: [BUILT, JSON.stringify({ server, key: "killed", log, prepare: "hang" })],
  });
  await owner.message("preparing");
  const halfMade = (await databases()).filter((name) => !before.includes(name));
  expect(halfMade).toHaveLength(1);

  // While it lives, another waits for it, and not for ever.
  const impatient = createTestDatabase({ key: "killed", prepare, server, waitMs: 1_000 });
  await expect(impatient).rejects.toBeInstanceOf(TimeoutError);
  expect([...before, ...halfMade]).toEqual(expect.arrayContaining(await databases()));

  await killHard(owner);
  await using made = await createTestDatabase({ key: "killed", prepare, server });
  expect(await column("select count(*)::int from item", made.url)).toEqual([0]);
  await (await createTestDatabase({ key: "killed", prepare, server })).drop();
  expect(await databases()).not.toContain(halfMade[0]);
});

test("connections that prepare leaves open are its error", async () => {
  const open: { end: () => Promise<void> }[] = [];
  const leaving = async (url: string): Promise<void> => {
    open.push(await openSession(url));
  };
  const creating = createTestDatabase({ key: "leaves", prepare: leaving, server });
  await expect(creating).rejects.toMatchObject({ code: "PLINTH_TESTING_PREPARE_CONNECTED" });
  await expect(creating).rejects.toBeInstanceOf(TestingError);
  await Promise.all(open.map((session) => session.end().catch(() => {})));
});

test("databases of the dead are collected, those of the living are not, and no others are touched", async () => {
  await column("create database plinth_test_not_ours");
  await column("create database plinth_test_0123456789abcdef_keep");
  const log = join(folder, "leftovers");
  const args = [BUILT, JSON.stringify({ server, key: "leftovers", log })];
  const [dead, living] = await Promise.all([spawnWorker(OWNER, { args }), spawnWorker(OWNER, { args })]);
  const { name: abandoned, url } = await dead.message<{ name: string; url: string }>("made");
  const { name: used } = await living.message<{ name: string }>("made");
  const visitor = await openSession(url);
  await killHard(dead);
  const lockGone = async (): Promise<boolean> =>
    (await column("select count(*)::int from pg_locks where locktype = 'advisory'"))[0] === 1;
  while (!(await lockGone())) await sleep(5);

  // Somebody is still connected to it: left for later.
  await (await createTestDatabase({ key: "leftovers", prepare, server })).drop();
  expect(await databases()).toContain(abandoned);
  expect((await visitor.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  await visitor.end();
  const left = async (): Promise<boolean> =>
    (await column(`select count(*)::int from pg_stat_activity where datname = '${abandoned}'`))[0] === 0;
  while (!(await left())) await sleep(5);

  await (await createTestDatabase({ key: "leftovers", prepare, server })).drop();
  const found = await databases();
  expect(found).not.toContain(abandoned);
  expect(found).toContain(used);
  expect(found).toContain("plinth_test_not_ours");
  expect(found).toContain("plinth_test_0123456789abcdef_keep");
  await living.close();
});

test("a template that nobody used for a week goes with its roles, one that is used stays", async () => {
  const old = await createTestDatabase({ key: "old", prepare, server, roles: ["mailer"] });
  const { template } = old;
  await old.drop();
  await using kept = await createTestDatabase({ key: "kept", prepare, server });
  await column(`comment on database ${template} is 'used 2020-01-01 00:00:00+00'`);
  await (await createTestDatabase({ key: "kept", prepare, server })).drop();

  expect(await databases()).not.toContain(template);
  expect(await databases()).toContain(kept.template);
  expect(await column(`select rolname from pg_roles where rolname like '${template}%'`)).toEqual([]);
});

test("each service gets a role that can log in and may what prepare granted, and no more", async () => {
  const granting = async (url: string, { roles }: { roles: Readonly<Record<string, string>> }): Promise<void> => {
    await prepare(url);
    await withSession(url, (session) => session.query(`grant select on item to ${roles.reader}`));
  };
  await using made = await createTestDatabase({ key: "roles", prepare: granting, server, roles: ["reader"] });

  expect(made.roles).toEqual({ reader: `${made.template}_reader` });
  expect(await column("select current_user::text", made.urlFor("reader"))).toEqual([`${made.template}_reader`]);
  expect(await column("select count(*)::int from item", made.urlFor("reader"))).toEqual([0]);
  await expect(column("delete from item", made.urlFor("reader"))).rejects.toMatchObject({ code: "42501" });
  expect(() => made.urlFor("writer")).toThrow(OptionError);
});

test("a user who may not create databases or roles gets one clear error", async () => {
  await column("create role bare login");
  await column("create role maker login createdb");
  const as = (user: string): string => Object.assign(new URL(server), { username: user }).href;

  const bare = createTestDatabase({ key: "bare", prepare, server: as("bare") });
  await expect(bare).rejects.toBeInstanceOf(TestServerPrivilegeError);
  await expect(bare).rejects.toThrow('alter role "bare" createdb');
  await expect(createTestDatabase({ key: "bare", prepare, server: as("maker"), roles: ["a"] })).rejects.toMatchObject({
    privilege: "create roles",
  });
  await using made = await createTestDatabase({ key: "bare", prepare, server: as("maker") });
  await column("insert into item (name) values ('x')", made.url);
  await made.truncate();
  expect(await column("select * from item", made.url)).toEqual([]);
});

test("the template takes no connections and the maintenance database stays as it was", async () => {
  await using made = await createTestDatabase({ key: "closed", prepare, server });
  await expect(column("select 1", withDatabase(server, made.template))).rejects.toMatchObject({ code: "55000" });
  expect(await column("select relname from pg_class where relnamespace = 'public'::regnamespace")).toEqual([]);
});

test("dropping ends the connections that are left, and can be done twice", async () => {
  const made = await createTestDatabase({ key: "pair", prepare, server });
  const session = await openSession(made.url);
  await made.drop();
  await made.drop();

  await expect(session.query("select 1")).rejects.toThrow();
  expect(await databases()).not.toContain(made.name);
});

test("a process that ends without dropping its database ends by itself", async () => {
  const log = join(folder, "ends");
  const owner = await spawnWorker(OWNER, {
    args: [BUILT, JSON.stringify({ server, key: "ends", log, prepare: "end" })],
  });
  expect(await owner.exited).toEqual({ exitCode: 0, signal: null });
});

test("bad options are refused before anything is made", async () => {
  const before = await databases();
  await expect(createTestDatabase({ key: "", prepare, server })).rejects.toBeInstanceOf(OptionError);
  await expect(createTestDatabase({ key: "k", prepare, server: "http://secret@host" })).rejects.toThrow(
    /^(?!.*secret)/,
  );
  await expect(createTestDatabase({ key: "k", prepare, server, roles: ["Bad-Name"] })).rejects.toBeInstanceOf(
    OptionError,
  );
  await expect(createTestDatabase({ key: "k", prepare, server, roles: ["a".repeat(40)] })).rejects.toBeInstanceOf(
    OptionError,
  );
  expect(before).toEqual(expect.arrayContaining(await databases()));
});
