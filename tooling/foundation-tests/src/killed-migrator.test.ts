import { expect, test } from "@jest/globals";
import { killHard } from "@plinth/testing";
import { Checkout } from "./checkout.ts";
import type { Run } from "./cli.ts";
import { EmptyDatabase } from "./empty-database.ts";
import { HeldMigration } from "./held-migration.ts";

const TRIES_MAX = 100;

const HELD_BY_NOBODY =
  "select not exists (select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database())";

/** Runs `apply`, which waits for no lock, until it gets the lock. Rejects if it never does. */
async function applyOnceFree(checkout: Checkout, url: string): Promise<Run> {
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    const run = await checkout.run(url, "apply", "--lock-timeout", "0s");
    if (run.code !== 7) return run;
  }
  throw new Error("the lock of a killed migrator was never free");
}

for (const [what, directive, stays] of [
  ["a transaction", "", []],
  ["a file without a transaction", "-- disable auto transaction", ["before_it"]],
] as const)
  test(`a migrator killed in ${what} frees the lock, and the next one finishes the work`, async () => {
    await using held = await HeldMigration.create(directive);
    const { checkout, database } = held;
    const running = await held.start();
    await killHard(running.process);
    await database.until(HELD_BY_NOBODY);
    expect(await held.tables()).toEqual(stays);
    await held.openGate();
    expect(await applyOnceFree(checkout, database.url)).toMatchObject({ code: 0 });
    expect(await held.tables()).toEqual(["after_it", "before_it", "last"]);
    expect(await checkout.run(database.url, "verify")).toMatchObject({ code: 0 });
  });

test("an index whose concurrent build was killed is built again, and valid", async () => {
  await using database = await EmptyDatabase.create();
  using checkout = Checkout.with({ "migrations/001-item.sql": "create table item (id bigint);" });
  expect(await checkout.run(database.url, "apply")).toMatchObject({ code: 0 });
  checkout.write({
    "migrations/002-index.sql": "-- disable auto transaction\ncreate unique index concurrently item_id on item (id);\n",
  });
  // The build waits for whoever has written to the table.
  const writer = await database.client();
  await writer.query("begin; insert into item values (1)");
  const running = checkout.start(database.url, "apply");
  await database.until(
    "select count(*) = 1 from pg_stat_activity where query like '%concurrently item_id%' and wait_event_type = 'Lock'",
  );
  await killHard(running.process);
  const freed = `select count(*) = 0 from pg_stat_activity where query like '%concurrently item_id%' and state = 'active' and pid <> pg_backend_pid()`;
  await database.until(freed);
  expect(await database.column("select indisvalid from pg_index where indexrelid = 'item_id'::regclass")).toEqual([
    false,
  ]);
  await writer.query("commit");
  expect(await applyOnceFree(checkout, database.url)).toMatchObject({ code: 0 });
  expect(await database.column("select indisvalid from pg_index where indexrelid = 'item_id'::regclass")).toEqual([
    true,
  ]);
});

test("a lock that another migrator holds is waited for only so long: exit code 7, and the holder named", async () => {
  await using held = await HeldMigration.create();
  const { checkout, database } = held;
  const holder = await held.start();
  for (const timeout of ["0s", "300ms"]) {
    const run = await checkout.run(database.url, "apply", "--lock-timeout", timeout);
    expect(run.code).toBe(7);
    expect(run.stderr).toContain(`pid ${await held.holderPid()} plinth-migrate`);
    expect(run.stderr).toContain("@acme/app 002-held.sql");
  }
  // Who only looks needs no lock.
  expect(await checkout.run(database.url, "plan", "--exit-code")).toMatchObject({ code: 3 });
  expect(await held.tables()).toEqual([]);

  const waiting = checkout.start(database.url, "apply");
  await killHard(holder.process);
  await held.openGate();
  expect(await waiting.done).toMatchObject({ code: 0 });
  expect(await held.tables()).toEqual(["after_it", "before_it", "last"]);
});
