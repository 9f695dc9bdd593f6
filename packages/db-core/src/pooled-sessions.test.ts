import { afterAll, expect, test } from "@jest/globals";
import { pgBouncerInstalled, startPgBouncer } from "@plinth/testing";
import { connect } from "./connect.ts";
import { sessionDatabase } from "./fixtures/session-database.ts";
import { ListenThroughPoolerError } from "./listen-through-pooler-error.ts";

const testPooled = pgBouncerInstalled() ? test : test.skip;
const database = await sessionDatabase();

afterAll(() => database.drop());

testPooled(
  "behind a transaction pooler a transaction has its limits, leaves none, and listening is refused",
  async () => {
    const pooler = await startPgBouncer({ url: database.url, poolSize: 1 });
    const url = new URL(pooler.url);
    url.pathname = new URL(database.url).pathname;
    const db = await connect({ writeUrl: url.href, statementTimeoutMs: 1_234, idleInTransactionTimeoutMs: 5_678 });
    const limits = `select current_setting('statement_timeout') as statement,
    current_setting('idle_in_transaction_session_timeout') as idle`;
    expect((await db.transaction((tx) => tx.query(limits))).rows).toEqual([{ statement: "1234ms", idle: "5678ms" }]);
    expect((await db.query(limits)).rows).toEqual([{ statement: "0", idle: "0" }]);
    await expect(db.listen("news", () => {})).rejects.toThrow(ListenThroughPoolerError);
    await db.close();
    await pooler.close();
  },
);
