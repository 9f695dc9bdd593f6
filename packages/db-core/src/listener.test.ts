import { AsyncLocalStorage } from "node:async_hooks";
import { afterAll, afterEach, expect, test } from "@jest/globals";
import { startProxy } from "@plinth/testing";
import pg from "pg";
import { DatabaseClosedError } from "./closing.ts";
import type { DatabaseEvent } from "./events.ts";
import { otherProcess, sessionDatabase } from "./fixtures/session-database.ts";
import { Listener } from "./listener.ts";
import { OptionError } from "./option-error.ts";

const database = await sessionDatabase();
const proxy = await startProxy({ target: database.url });
const other = await otherProcess(database.url);

const timing = { keepaliveMs: 100, answerMs: 500, backoffFirstMs: 20, backoffMaxMs: 100 };
const opened: Listener[] = [];
const events: DatabaseEvent[] = [];
let onEvent = (): void => {};
let connections = 0;

function listener(url = proxy.url): Listener {
  const made = new Listener(
    async () => {
      const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
      await client.connect();
      connections += 1;
      return client;
    },
    (event) => {
      events.push(event);
      onEvent();
    },
    timing,
  );
  opened.push(made);
  return made;
}

afterEach(async () => {
  proxy.resume();
  await proxy.accept();
  await Promise.all(opened.splice(0).map((each) => each.close()));
  events.length = 0;
  onEvent = () => {};
  connections = 0;
});

afterAll(async () => {
  await proxy.close();
  await other.end();
  await database.drop();
});

/** Payloads in order, and a promise of each. */
class Inbox {
  readonly received: string[] = [];
  #waiting: (() => void)[] = [];

  readonly take = (payload: string): void => {
    this.received.push(payload);
    for (const wake of this.#waiting.splice(0)) wake();
  };

  async until(payload: string): Promise<void> {
    while (!this.received.includes(payload)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

const notify = (channel: string, payload: string): Promise<unknown> =>
  other.query("select pg_notify($1, $2)", [channel, payload]);

test("what is notified after listen() resolved is received, in order, on one connection for all channels", async () => {
  const inbox = new Inbox();
  const db = listener();
  await Promise.all(["a", "b", "c"].map((channel) => db.listen(channel, (payload) => inbox.take(channel + payload))));
  for (const channel of ["a", "b", "c"]) await notify(channel, "1");
  await notify("a", "2");
  await inbox.until("a2");
  expect(inbox.received).toEqual(["a1", "b1", "c1", "a2"]);
  expect(connections).toBe(1);
});

test("channel names are case-exact, and may hold quotes and spaces", async () => {
  const inbox = new Inbox();
  const db = listener();
  for (const name of ["Jobs", "jobs", 'a "b" c']) await db.listen(name, (payload) => inbox.take(`${name}:${payload}`));
  await notify("jobs", "1");
  await notify("Jobs", "2");
  await notify('a "b" c', "3");
  await inbox.until('a "b" c:3');
  expect(inbox.received).toEqual(["jobs:1", "Jobs:2", 'a "b" c:3']);
});

test("a payload of 7,999 bytes arrives whole, none is an empty string", async () => {
  const inbox = new Inbox();
  await listener().listen("long", inbox.take);
  await other.query("notify long");
  await notify("long", "x".repeat(7_999));
  await inbox.until("x".repeat(7_999));
  expect(inbox.received[0]).toBe("");
});

test("names that Postgres would cut off or refuse are refused, and so are options that do not exist", async () => {
  const db = listener();
  for (const name of ["", "x".repeat(64), "é".repeat(32), "a\0b"])
    await expect(db.listen(name, () => {})).rejects.toThrow(OptionError);
  await expect(db.listen("a", "b" as never)).rejects.toThrow(OptionError);
  await expect(db.listen("a", () => {}, { onreconnect: () => {} } as never)).rejects.toThrow(OptionError);
  expect(connections).toBe(0);
});

test("a stopped listener hears nothing, its neighbour on the channel does, and the last stop closes the connection", async () => {
  const [stopped, stays] = [new Inbox(), new Inbox()];
  const db = listener();
  const stop = await db.listen("a", stopped.take);
  const stopOther = await db.listen("a", stays.take);
  await stop();
  await stop();
  await notify("a", "1");
  await stays.until("1");
  expect(stopped.received).toEqual([]);

  await stopOther();
  await proxy.connections(0);
  await db.listen("a", stays.take);
  await notify("a", "2");
  await stays.until("2");
  expect(connections).toBe(2);
});

test("a callback that throws or rejects is reported, and keeps no other from running", async () => {
  const inbox = new Inbox();
  const db = listener();
  await db.listen("a", () => {
    throw new Error("thrown");
  });
  await db.listen("a", (async () => {
    throw new Error("rejected");
  }) as () => void);
  await db.listen("a", inbox.take);
  await notify("a", "1");
  // One after another: two notifications that arrive together are both delivered before any rejection is heard of.
  await inbox.until("1");
  await notify("a", "2");
  await inbox.until("2");
  expect(events.slice(0, 2)).toEqual([
    { type: "callback-failed", callback: "onPayload", error: new Error("thrown") },
    { type: "callback-failed", callback: "onPayload", error: new Error("rejected") },
  ]);
});

test("after the connection was cut it listens again, and every listener is told that it may have missed something", async () => {
  const [inbox, back] = [new Inbox(), new Inbox()];
  const db = listener();
  await db.listen("Big a", inbox.take, { onReconnect: () => back.take("a") });
  await db.listen("b", inbox.take, { onReconnect: () => back.take("b") });
  await proxy.refuse();
  proxy.cut();
  await proxy.connections(0);
  await notify("Big a", "missed");
  await proxy.accept();
  await back.until("b");
  await notify("Big a", "1");
  await notify("b", "2");
  await inbox.until("2");
  expect(inbox.received).toEqual(["1", "2"]);
  expect(back.received).toEqual(["a", "b"]);
  expect(events[0]).toMatchObject({ type: "listen-lost", attempts: 0, error: { code: "CONNECTION_LOST" } });
  expect(events.at(-1)).toEqual({ type: "listen-back" });
});

test("a server that vanished without a word is noticed", async () => {
  const lost = new Promise<void>((resolve) => {
    onEvent = () => resolve();
  });
  const [inbox, back] = [new Inbox(), new Inbox()];
  await listener().listen("a", inbox.take, { onReconnect: () => back.take("back") });
  proxy.stall();
  await lost;
  proxy.resume();
  await back.until("back");
  await notify("a", "1");
  await inbox.until("1");
});

test("listen() rejects if the server can't be reached, and works once it can", async () => {
  const inbox = new Inbox();
  const db = listener();
  await proxy.refuse();
  await expect(db.listen("a", inbox.take)).rejects.toThrow();
  await proxy.accept();
  await db.listen("a", inbox.take);
  await notify("a", "1");
  await inbox.until("1");
  expect(inbox.received).toEqual(["1"]);
});

test("close() ends at once what is connecting, reconnecting, or stalled", async () => {
  const stalled = listener();
  await stalled.listen("a", () => {});
  const reconnecting = listener();
  await reconnecting.listen("a", () => {});
  await proxy.refuse();
  proxy.cut();
  proxy.stall();
  await Promise.all([stalled.close(), reconnecting.close()]);
  await stalled.close();
  await expect(stalled.listen("a", () => {})).rejects.toThrow(DatabaseClosedError);
  await proxy.accept();

  const connecting = listener();
  const listening = connecting.listen("a", () => {});
  await connecting.close();
  await expect(listening).rejects.toThrow();
  proxy.resume();
  await proxy.connections(0);
});

test("callbacks run in the context of who listens", async () => {
  const store = new AsyncLocalStorage<string>();
  const inbox = new Inbox();
  const db = listener();
  await store.run("first", () => db.listen("a", () => inbox.take(store.getStore() ?? "none")));
  await store.run("second", () => db.listen("a", () => inbox.take(store.getStore() ?? "none")));
  await notify("a", "");
  await inbox.until("second");
  expect(inbox.received).toEqual(["first", "second"]);
});
