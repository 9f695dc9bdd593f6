import { expect, test } from "@jest/globals";
import { type PgBouncer, startPgBouncer } from "@plinth/testing";
import { documentOf } from "./cli.ts";
import { EmptyDatabase } from "./empty-database.ts";
import { pooledTest } from "./pooled-test.ts";
import { applyAtOnce, markedCheckout, whatRan } from "./six-migrators.ts";

const FILES = 20;
const everyFile = [...Array.from({ length: FILES }, (_, index) => String(index + 2).padStart(3, "0")), "900"];

async function expectOnce(urlsOf: (url: string) => Promise<readonly string[]>): Promise<void> {
  await using database = await EmptyDatabase.create();
  using checkout = markedCheckout(FILES);
  const runs = await applyAtOnce(checkout, await urlsOf(database.url));

  expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    runs.map(() => ({ code: 0, stderr: expect.any(String) })),
  );
  const { marks, ledger } = await whatRan(database);
  expect(marks).toEqual(everyFile);
  expect(new Set(ledger).size).toBe(ledger.length);
  const applied = runs.flatMap((run) => documentOf<{ applied: unknown[] }>(run).applied);
  expect(applied).toHaveLength(ledger.length);
}

test("six migrators at once on an empty database run every file once, and all succeed", async () => {
  await expectOnce(async (url) => Array.from({ length: 6 }, () => url));
});

pooledTest("six at once, of which two come through PgBouncer, run every file once, and all succeed", async () => {
  const poolers: PgBouncer[] = [];
  try {
    await expectOnce(async (url) => {
      const pooler = await startPgBouncer({ url, poolSize: 2 });
      poolers.push(pooler);
      return [url, pooler.url, url, pooler.url, url, url];
    });
  } finally {
    for (const pooler of poolers) await pooler.close();
  }
});
