import { expect, test } from "@jest/globals";
import { pgBouncerInstalled, startPgBouncer } from "@plinth/testing";
import { EmptyDatabase } from "./empty-database.ts";
import { applyAtOnce, markedCheckout, whatRan } from "./six-migrators.ts";

const ROUNDS = 20;
const FILES = 30;

test.each(Array.from({ length: ROUNDS }, (_, index) => index + 1))(
  "round %i: six migrators at once, some of them through PgBouncer, run every file once",
  async (round) => {
    await using database = await EmptyDatabase.create();
    using checkout = markedCheckout(FILES);
    const pooler = pgBouncerInstalled() ? await startPgBouncer({ url: database.url, poolSize: 3 }) : undefined;
    try {
      const pooled = pooler?.url ?? database.url;
      const urls = Array.from({ length: 6 }, (_, index) => (index < round % 7 ? pooled : database.url));
      const runs = await applyAtOnce(checkout, urls);
      expect(runs.map(({ code, stderr }) => (code === 0 ? "" : `${code} ${stderr}`))).toEqual(urls.map(() => ""));
      const { marks, ledger } = await whatRan(database);
      expect(marks).toHaveLength(FILES + 1);
      expect(new Set(marks).size).toBe(marks.length);
      expect(new Set(ledger).size).toBe(ledger.length);
    } finally {
      await pooler?.close();
    }
  },
);
