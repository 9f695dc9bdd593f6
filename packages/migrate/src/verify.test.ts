import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { LOCK_KEY } from "./advisory-lock.ts";
import { apply } from "./apply.ts";
import { Project, rejection } from "./fixtures/project.ts";
import { repair } from "./repair.ts";
import { CancelledError, EditedError, InterruptedFileError, RepairError, SqlFailureError } from "./run-errors.ts";
import { ScratchDatabaseError } from "./scratch-database-error.ts";
import { status } from "./status.ts";
import { verify } from "./verify.ts";
import { type DriftError, ReplayError, StoppedFilesError } from "./verify-errors.ts";

const nothing = { own: [], uses: [], reads: [] };

// What is said of a database that nobody has touched, and of one that somebody has.
let project: Project;

beforeEach(async () => {
  project = await Project.create(["plain"]);
  project.write("app", {
    "001-t.sql": "create schema a; create table a.t (id int primary key, name text not null default 'x')",
    "900-r-f.sql":
      "create or replace function a.f() returns bigint begin atomic select count(*) from a.t; end; revoke all on function a.f from public",
  });
  await run();
});
afterEach(() => project.drop());

const run = () => apply(project.url, project.migrations(), { access: null });
const look = (options = {}) => verify(project.url, project.migrations(), { access: null, ...options });
const fix = (type: "mark-applied" | "mark-failed" | "accept-hash", number: number) =>
  repair(project.url, project.migrations(), { type, namespace: "app", number }, { access: null });

test("a database that was only migrated has no drift, and its scratch database is gone", async () => {
  expect(await look({ shadow: true })).toEqual({ problems: [], warnings: [], notCompared: [] });
  expect(
    await project.column(
      "select count(*)::int from pg_database where datname like left(current_database(), 38) || '_shadow_%'",
    ),
  ).toEqual([0]);
});

test("changes by hand are found: a column, an index, a function, a constraint", async () => {
  await project.rows(`
    alter table a.t alter name drop default, add extra int check (extra > 0);
    create index by_hand on a.t (extra);
    create or replace function a.f() returns bigint return 1;
    create table public.nobodys (id int)`);
  const { problems } = await look({ shadow: true });

  expect(problems).toHaveLength(1);
  expect((problems[0] as DriftError).drift.map(({ type, object }) => `${type} ${object}`)).toEqual(
    [
      "different column a.t.name",
      "extra column a.t.extra",
      "extra constraint t_extra_check on a.t",
      "different function a.f()",
      "extra index a.by_hand",
    ].sort((x, y) => (x.split(" ").slice(1).join(" ") < y.split(" ").slice(1).join(" ") ? -1 : 1)),
  );
});

test("a repeatable body that needs a later column works here and is found by the replay", async () => {
  project.write("app", {
    "001-t.sql": "create schema a; create table a.t (id int primary key, name text not null default 'x')",
    "002-r-v.sql": "create or replace view a.v as select id from a.t",
  });
  await run();
  project.write("app", { "901-c.sql": "alter table a.t add c int" });
  await run();
  project.write("app", { "002-r-v.sql": "create or replace view a.v as select id, c from a.t" });
  await run();
  const { problems } = await look({ shadow: true });

  expect(problems[0]).toBeInstanceOf(ReplayError);
  expect(problems[0]?.positions[0]).toMatchObject({ file: project.path("app", "002-r-v.sql") });
});

test("an empty database that was given is used and emptied again, one that is not empty is refused", async () => {
  const shadow = await Project.create();
  expect((await look({ shadow: shadow.url })).problems).toEqual([]);
  expect(
    await shadow.column("select nspname::text from pg_namespace where nspname in ('a', 'plinth_migrate', 'public')"),
  ).toEqual(["public"]);
  await shadow.rows("create table t (id int)");
  await rejection(look({ shadow: shadow.url }), ScratchDatabaseError);
  await shadow.drop();
});

test("nothing is compared while files are pending, and both say so: the result and the warnings", async () => {
  await project.rows("alter table a.t add by_hand int");
  project.write("app", { "002-b.sql": "select 1" });

  expect(await look()).toEqual({ problems: [], warnings: ["1 file is pending"], notCompared: [] });
  expect(await look({ shadow: true })).toMatchObject({ problems: [], notCompared: ["1 file is pending: apply first"] });
});

test("an older checkout finds no drift in what it does not know, and calls no newer file gone", async () => {
  project.write("app", { "002-b.sql": "alter table a.t add newer int" });
  await run();
  project.remove("app", "002-b.sql");
  const { problems, warnings, notCompared } = await look({ shadow: true });

  expect(problems).toEqual([]);
  expect(notCompared).toEqual(["the database has newer files of app than this checkout"]);
  expect(warnings).toEqual([expect.stringContaining("app: the database is at 2, this checkout ends at 1")]);
});

test("an older checkout's access.json is not held against the grants of a newer one", async () => {
  project.write("app", { "002-b.sql": "alter table a.t add newer int" });
  await run();
  project.remove("app", "002-b.sql");
  const role = project.test.roles.plain!;
  await project.rows(`grant usage on schema a to ${role}`);
  const access = { rolePrefix: role.slice(0, -"plain".length), ownerRole: undefined, services: { plain: nothing } };
  expect((await look({ access })).problems).toEqual([]);
});

test("an applied file that is gone is one file", async () => {
  project.write("app", { "002-b.sql": "select 1", "003-c.sql": "select 1" });
  await run();
  project.remove("app", "002-b.sql");
  expect((await look()).warnings).toEqual(["app: 1 applied file is no longer there"]);
});

test("a signal ends a replay and leaves no scratch database; before it began nothing is looked at", async () => {
  project.write("app", { "002-s.sql": "select pg_sleep(60)" });
  await fix("mark-applied", 2);
  const stop = new AbortController();
  const looking = look({ shadow: true, signal: stop.signal });
  const shadows =
    "select datname::text from pg_database where datname like left(current_database(), 38) || '_shadow_%'";
  const asleep = `select count(*)::int from pg_stat_activity where wait_event = 'PgSleep' and datname in (${shadows})`;
  while ((await project.column(asleep))[0] === 0);
  stop.abort();

  await rejection(looking, CancelledError);
  expect(await project.column(shadows)).toEqual([]);
  await rejection(look({ signal: AbortSignal.abort() }), CancelledError);
});

test("a signal ends a repair that waits for the lock", async () => {
  await project.rows(`select pg_advisory_lock(${LOCK_KEY})`);
  const stop = AbortSignal.timeout(50);
  const options = { access: null, signal: stop };
  const action = { type: "mark-failed", namespace: "app", number: 900 } as const;
  await rejection(repair(project.url, project.migrations(), action, options), CancelledError);
  expect(await project.column("select count(*)::int from plinth_migrate.ledger where status = 'resolved'")).toEqual([
    0,
  ]);
});

test("without CREATEDB the replay says what is missing", async () => {
  const role = project.test.roles.plain;
  await project.rows(
    `grant usage on schema plinth_migrate to ${role}; grant select on all tables in schema plinth_migrate to ${role}; grant execute on all functions in schema plinth_migrate to ${role}`,
  );
  await rejection(
    verify(project.test.urlFor("plain"), project.migrations(), { access: null, shadow: true }),
    ScratchDatabaseError,
  );
});

test("edited files and files that stopped part-way are found", async () => {
  project.write("app", { "002-n.sql": "-- disable auto transaction\ncreate table a.n (id int);\nselect 1/0" });
  await rejection(run(), SqlFailureError);
  project.write("app", { "001-t.sql": "create schema a" });
  const { problems } = await look();

  expect(problems.map((problem) => problem.constructor)).toEqual([EditedError, StoppedFilesError]);
  expect(problems.map((problem) => problem.kind)).toEqual(["validation", "validation"]);
});

test("status counts applied, pending, changed, missing and failed files", async () => {
  project.write("app", { "002-b.sql": "select 1" });
  await run();
  project.write("app", { "003-n.sql": "-- disable auto transaction\ncreate table a.n (id int);\nselect 1/0" });
  await rejection(run(), SqlFailureError);
  project.remove("app", "002-b.sql").write("app", { "004-d.sql": "select 1", "900-r-f.sql": "select 2" });
  expect((await status(project.url, project.migrations(), { access: null })).namespaces).toEqual([
    { namespace: "app", applied: 2, pending: 1, changed: 1, missing: 1, failed: 1, version: 2, onDisk: true },
  ]);
});

test("accept-hash takes an edited file as it is, and only an edited one", async () => {
  expect((await rejection(fix("accept-hash", 1), RepairError)).message).toContain(
    "its text is the one that was applied",
  );
  project.write("app", { "001-t.sql": "create schema a; -- a better comment" });
  await fix("accept-hash", 1);
  expect((await run()).applied).toEqual([]);
});

test("mark-applied takes a file for done without running it", async () => {
  project.write("app", { "002-b.sql": "select 1/0" });
  await fix("mark-applied", 2);
  expect((await run()).applied).toEqual([]);
  await rejection(fix("mark-applied", 2), RepairError);
});

test("mark-failed of a file that is applied and sound is taken, with a warning", async () => {
  expect((await fix("mark-failed", 1)).warnings).toEqual([
    "app:1 was applied and nothing was known to be wrong with it: the next apply runs all of it again",
  ]);
  await rejection(run(), SqlFailureError);
  expect((await rejection(fix("mark-failed", 1), RepairError)).message).toContain("counts as not applied already");
});

test("mark-failed has a file run from its first statement, and removes no row", async () => {
  project.write("app", {
    "002-n.sql": "-- disable auto transaction\ncreate table if not exists a.n (id int);\nselect 1/0",
  });
  await rejection(run(), SqlFailureError);
  project.write("app", {
    "002-n.sql": "-- disable auto transaction\ncreate table if not exists a.n (id bigint);\nselect 1",
  });
  await rejection(run(), InterruptedFileError);
  await fix("mark-failed", 2);
  expect((await run()).applied.map(({ file }) => file.number)).toEqual([2]);
  expect(await project.column("select status from plinth_migrate.ledger where number = 2 order by id")).toEqual([
    "failed",
    "resolved",
    "applied",
  ]);
});

test("a repeatable file that was repaired is no version", async () => {
  await fix("mark-failed", 900);
  await run();
  project.write("app", { "900-r-f.sql": "select 2" });
  await fix("accept-hash", 900);
  expect((await status(project.url, project.migrations(), { access: null })).namespaces[0]?.version).toBe(1);
});
