import { expect, test } from "@jest/globals";
import { OptionError, PgBouncerMissingError, pgBouncerInstalled, startPgBouncer, testServer } from "./index.ts";
import { programOf } from "./process-state.ts";
import { withSession } from "./session.ts";

const { url } = await testServer();
const installed = pgBouncerInstalled();
if (!installed) console.warn("No pgbouncer is installed: its tests are skipped (Debian: apt-get install pgbouncer).");
const testWithPgBouncer = installed ? test : test.skip;

testWithPgBouncer("many clients share few connections to the server", async () => {
  await using pooler = await startPgBouncer({ url, poolSize: 2 });
  const clients = Array.from({ length: 12 }, () =>
    withSession(pooler.url, async (session) => {
      const { rows } = await session.query("select pg_backend_pid() as pid, pg_sleep(0.02)");
      return (rows[0] as { pid: number }).pid;
    }),
  );
  expect(new Set(await Promise.all(clients)).size).toBeLessThanOrEqual(2);
});

testWithPgBouncer("in session mode a client keeps its connection, and all ends with close", async () => {
  const pooler = await startPgBouncer({ url, poolMode: "session" });
  await withSession(pooler.url, async (session) => {
    await session.query("set application_name = 'mine'");
    expect((await session.query("show application_name")).rows).toEqual([{ application_name: "mine" }]);
  });
  await pooler.close();
  await pooler.close();
  expect(programOf(pooler.pid)).toBeUndefined();
  await expect(withSession(pooler.url, async () => {})).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("bad options are refused, and a machine without pgbouncer says so", async () => {
  await expect(startPgBouncer({ url, poolMode: "both" as "session" })).rejects.toThrow(
    "one of session, transaction, statement",
  );
  await expect(startPgBouncer({ url: "nowhere" })).rejects.toBeInstanceOf(OptionError);
  if (!installed) await expect(startPgBouncer({ url })).rejects.toBeInstanceOf(PgBouncerMissingError);
});
