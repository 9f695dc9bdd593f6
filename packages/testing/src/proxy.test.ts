import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";
import { afterAll, expect, test } from "@jest/globals";
import { OptionError, startProxy, TimeoutError } from "./index.ts";
import { withSession } from "./session.ts";
import { testServer } from "./test-server.ts";

// Answers with what it gets, and counts what it has seen.
const seen: string[] = [];
const echo = createServer((socket) => {
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    seen.push(bytes.toString());
    socket.write(bytes);
  });
});
echo.listen(0, "127.0.0.1");
await once(echo, "listening");
const target = `tcp://127.0.0.1:${(echo.address() as { port: number }).port}/path?a=b`;
afterAll(() => void echo.close());

async function open(port: number): Promise<Socket> {
  const socket = createConnection({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  return socket;
}

async function answer(socket: Socket): Promise<string> {
  const [bytes] = (await once(socket, "data")) as [Buffer];
  return bytes.toString();
}

test("a Postgres session goes through, at the same URL but for host and port", async () => {
  await using proxy = await startProxy({ target: (await testServer()).url });
  await withSession(proxy.url, async (session) => {
    expect((await session.query("select repeat('x', 1000000) as long")).rows[0].long).toHaveLength(1_000_000);
    expect(proxy.open).toBe(1);
  });
  await proxy.connections(0);
  expect(proxy.accepted).toBe(1);
  expect(new URL(proxy.url).port).toBe(String(proxy.port));
});

test("cut resets every connection and takes new ones", async () => {
  await using proxy = await startProxy({ target });
  const [a, b] = [await open(proxy.port), await open(proxy.port)];
  await proxy.connections(2);
  const lost = Promise.all([a, b].map(async (socket) => (await once(socket, "error"))[0].code));
  proxy.cut();

  expect(await lost).toEqual(["ECONNRESET", "ECONNRESET"]);
  expect(proxy.open).toBe(0);
  const c = await open(proxy.port);
  c.write("again");
  expect(await answer(c)).toBe("again");
  c.destroy();
});

test("a stalled network takes connections and bytes and passes nothing on until it is resumed", async () => {
  await using proxy = await startProxy({ target });
  const socket = await open(proxy.port);
  socket.write("before");
  await answer(socket);
  proxy.stall();
  seen.length = 0;
  await new Promise<void>((resolve) => socket.write("held", () => resolve()));
  const late = await open(proxy.port);
  late.write("late");
  await proxy.connections(2);
  // What the direct way would have brought long since.
  const direct = await open(Number(new URL(target).port));
  direct.write("direct");
  await answer(direct);
  expect(seen).toEqual(["direct"]);

  const answers = Promise.all([answer(socket), answer(late)]);
  proxy.resume();
  expect(await answers).toEqual(["held", "late"]);
  for (const one of [socket, late, direct]) one.destroy();
});

test("the far end learns nothing of an end that came while the network was stalled", async () => {
  await using proxy = await startProxy({ target });
  const farEnd = once(echo, "connection") as Promise<[Socket]>;
  const socket = await open(proxy.port);
  const [far] = await farEnd;
  let told = false;
  const closed = new Promise<void>((resolve) => far.once("close", resolve)).then(() => {
    told = true;
  });
  proxy.stall();
  socket.resetAndDestroy();
  const direct = await open(Number(new URL(target).port));
  direct.write("direct");
  await answer(direct);
  direct.destroy();
  expect(told).toBe(false);
  expect(proxy.open).toBe(1);

  proxy.resume();
  await proxy.connections(0);
  await closed;
});

test("a delay holds everything back in both directions and keeps the order", async () => {
  await using proxy = await startProxy({ target });
  const socket = await open(proxy.port);
  proxy.delay(20);
  const began = performance.now();
  socket.write("first ");
  socket.write("second");
  let text = "";
  while (text.length < "first second".length) text += await answer(socket);

  expect(text).toBe("first second");
  // Not how fast: that no less than the delay passed, there and back. Timers may fire a millisecond early.
  expect(performance.now() - began).toBeGreaterThanOrEqual(38);
  socket.destroy();
});

test("a proxy that refuses looks like a host where nothing listens, until it accepts again on its port", async () => {
  await using proxy = await startProxy({ target });
  const { port } = proxy;
  const kept = await open(port);
  await proxy.refuse();
  await expect(open(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  kept.write("still");
  expect(await answer(kept)).toBe("still");

  await proxy.accept();
  expect(proxy.port).toBe(port);
  (await open(port)).destroy();
  kept.destroy();
});

test("a connection to a target that is not there is reset", async () => {
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  await using proxy = await startProxy({ target: `tcp://127.0.0.1:${port}` });
  const socket = await open(proxy.port);
  expect((await once(socket, "error"))[0]).toMatchObject({ code: "ECONNRESET" });
});

test("waiting for connections that don't come ends, and bad options are refused", async () => {
  await using proxy = await startProxy({ target });
  await expect(proxy.connections(1, { waitMs: 1 })).rejects.toBeInstanceOf(TimeoutError);
  expect(() => proxy.delay(-1)).toThrow(OptionError);
  await expect(startProxy({ target: "nowhere" })).rejects.toBeInstanceOf(OptionError);
});
