import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { killHard } from "@plinth/testing";
import { Checkout } from "./checkout.ts";
import { EmptyDatabase } from "./empty-database.ts";

const LAST_MS = 60_000;
const MIGRATORS = 3;
const KILLS_MAX = 12;

const marking = (mark: string): string => `insert into mark (file) select '${mark}' from pg_sleep(0.02);`;

/** Marks of files in transactions, of statements outside of them, and of a repeatable file; and an index built concurrently. */
const marks = [
  ...Array.from({ length: 20 }, (_, index) => String(index + 100)),
  ...Array.from({ length: 8 }, (_, index) => `500 ${index}`),
  ...Array.from({ length: 20 }, (_, index) => String(index + 600)),
  "900",
];

function checkout(): Checkout {
  const statements = marks.filter((mark) => mark.startsWith("500 ")).map(marking);
  const files = marks.filter((mark) => !mark.includes(" ") && mark !== "900");
  return Checkout.with({
    "migrations/001-mark.sql": "create table mark (id bigint generated always as identity, file text);",
    ...Object.fromEntries(files.map((mark) => [`migrations/${mark}-mark.sql`, marking(mark)])),
    "migrations/500-statements.sql": [
      "-- disable auto transaction",
      ...statements,
      "create unique index concurrently mark_file on mark (file);",
    ].join("\n"),
    "migrations/900-r-mark.sql": marking("900"),
  });
}

/** Starts migrators, kills some of them at any moment, and says how many, once all are through. */
async function migrateAndKill(database: EmptyDatabase, from: Checkout, transaction: string): Promise<number> {
  let kills = 0;
  const migrator = async () => {
    for (;;) {
      const running = from.start(database.url, "apply", "--transaction", transaction);
      const done = running.done;
      const alone = new AbortController();
      const doomed =
        kills < KILLS_MAX && sleep(randomInt(50, 900), "time", { signal: alone.signal }).catch(() => "ended");
      const first = await Promise.race([done, ...(doomed === false ? [] : [doomed])]);
      if (first === "time") {
        kills += 1;
        await killHard(running.process);
      }
      alone.abort();
      const { code, stderr } = await done;
      if (code === 0) return;
      if (code !== "SIGKILL") throw new Error(`ended with ${code}: ${stderr}`);
    }
  };
  await Promise.all(Array.from({ length: MIGRATORS }, migrator));
  return kills;
}

test(
  "migrators killed at any moment leave nothing undone, and nothing done twice",
  async () => {
    const end = Date.now() + LAST_MS;
    let killed = 0;
    let databases = 0;
    for (; Date.now() < end; databases += 1) {
      await using database = await EmptyDatabase.create();
      using from = checkout();
      killed += await migrateAndKill(database, from, databases % 2 === 0 ? "namespace" : "file");
      expect(await database.column("select file from mark order by file")).toEqual([...marks].sort());
      expect(await database.column("select indisvalid from pg_index where indexrelid = 'mark_file'::regclass")).toEqual(
        [true],
      );
      expect(await from.run(database.url, "verify")).toMatchObject({ code: 0 });
    }
    console.log(`${killed} migrators killed on ${databases} databases`);
    expect(killed).toBeGreaterThan(0);
  },
  LAST_MS * 3,
);
