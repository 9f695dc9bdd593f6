import { afterEach, expect, test } from "@jest/globals";
import { documentOf, type Scenario, STACK, scenario } from "./fixtures/scenario.ts";

const open: Scenario[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** An application whose migration makes a table and then takes a minute. */
async function slow(): Promise<Scenario> {
  const made = await scenario({
    "migrations/001-slow.sql": "create table slow (a int);\nselect pg_sleep(60);\n",
  });
  open.push(made);
  return made;
}

/** Resolves once a statement of the migrator sleeps on the server. */
async function sleeping(app: Scenario): Promise<void> {
  const client = await app.connect();
  for (;;) {
    const { rowCount } = await client.query(
      "select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep' and pid <> pg_backend_pid()",
    );
    if (rowCount !== 0) return;
    await client.query("select pg_sleep(0.02)");
  }
}

async function locks(app: Scenario): Promise<object[]> {
  return app.query(
    "select pid from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
  );
}

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s during a long statement rolls back, frees the lock and ends with %i", async (signal, code) => {
  const app = await slow();
  const run = app.start("apply", "--json");
  await sleeping(app);
  run.process.kill(signal);
  const ended = await run.done;
  expect(ended.code).toBe(code);
  expect(ended.stderr).toContain(`stopping on ${signal}`);
  expect(ended.stderr).toContain("rolled back: @acme/app (1 file)");
  expect(ended.stderr).not.toMatch(STACK);
  expect(documentOf(ended)).toMatchObject({ ok: false, exitCode: code, rolledBack: [{ fileName: "001-slow.sql" }] });
  expect(await locks(app)).toEqual([]);
  await expect(app.query("select to_regclass('slow') as there")).resolves.toEqual([{ there: null }]);
});

test("a signal while waiting for the lock ends the wait", async () => {
  const app = await slow();
  const first = app.start("apply");
  await sleeping(app);
  const second = app.start("apply");
  await second.printed(/lock {3}waiting/);
  second.process.kill("SIGINT");
  expect((await second.done).code).toBe(130);
  first.process.kill("SIGINT");
  expect((await first.done).code).toBe(130);
});

test("a second signal ends at once, and the server rolls back", async () => {
  const app = await slow();
  const run = app.start("apply");
  await sleeping(app);
  // Both before the process can act on the first one.
  run.process.kill("SIGSTOP");
  run.process.kill("SIGINT");
  run.process.kill("SIGTERM");
  run.process.kill("SIGCONT");
  expect([130, 143]).toContain((await run.done).code);
  const watcher = await app.connect();
  while ((await locks(app)).length > 0) await watcher.query("select pg_sleep(0.05)");
  await expect(app.query("select to_regclass('slow') as there")).resolves.toEqual([{ there: null }]);
});
