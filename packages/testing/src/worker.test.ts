import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { killHard, OptionError, pause, resume, spawnWorker, TimeoutError, WorkerExitError } from "./index.ts";
import { programOf } from "./process-state.ts";

const ECHO = new URL("./fixtures/echo-worker.mjs", import.meta.url);
const OWNER = new URL("./fixtures/worker-owner.mjs", import.meta.url);
const BUILT = new URL("../dist/index.js", import.meta.url).href;

test("a worker is another process, and values go there and back as they are", async () => {
  await using worker = await spawnWorker(ECHO, { args: ["a", "b c"], env: { WORKER_TEST: "set" } });
  await worker.message("ready");
  expect(worker.pid).not.toBe(process.pid);

  const value = { when: new Date(0), big: 2n ** 70n, bytes: new Uint8Array([1, 2]) };
  worker.send(value);
  expect(await worker.message("echo")).toMatchObject({ value, args: ["a", "b c"], env: "set" });
  expect(worker.stdout).toBe("worker is up\n");
});

test("messages that nobody waited for are kept in order", async () => {
  await using worker = await spawnWorker(ECHO);
  worker.send(1);
  worker.send(2);

  expect(await worker.message("echo")).toMatchObject({ value: 1 });
  expect(await worker.next()).toBe("ready");
  expect(await worker.next()).toMatchObject({ value: 2 });
  await expect(worker.next({ waitMs: 1 })).rejects.toBeInstanceOf(TimeoutError);
});

test("a worker that dies fails who waits for it, with what it wrote", async () => {
  await using worker = await spawnWorker(ECHO);
  await worker.message("ready");
  worker.send("throw");

  const waiting = worker.message("echo");
  await expect(waiting).rejects.toBeInstanceOf(WorkerExitError);
  await expect(waiting).rejects.toThrow("Error: thrown in the worker");
  await expect(worker.next()).rejects.toMatchObject({ exitCode: 1, signal: null });
  expect(await worker.exited).toEqual({ exitCode: 1, signal: null });
});

test("a worker that ends by itself tells its exit code", async () => {
  const worker = await spawnWorker(ECHO);
  worker.send("end");

  expect(await worker.exited).toEqual({ exitCode: 0, signal: null });
  expect(await worker.close()).toEqual({ exitCode: 0, signal: null });
});

test("killHard resolves when the process is gone, and does nothing to one that is gone", async () => {
  const worker = await spawnWorker(ECHO);
  await killHard(worker);

  expect(programOf(worker.pid)).toBeUndefined();
  expect(await worker.exited).toEqual({ exitCode: null, signal: "SIGKILL" });
  await killHard(worker);
  await expect(killHard(0)).rejects.toBeInstanceOf(OptionError);
});

test("a paused worker answers only when it is resumed, and can be killed", async () => {
  await using worker = await spawnWorker(ECHO);
  await worker.message("ready");
  pause(worker);
  worker.send("held");
  await expect(worker.message("echo", { waitMs: 50 })).rejects.toBeInstanceOf(TimeoutError);

  resume(worker);
  expect(await worker.message("echo")).toMatchObject({ value: "held" });
  pause(worker);
  await worker.close();
  expect(programOf(worker.pid)).toBeUndefined();
});

test("a worker dies with its owner, paused or not", async () => {
  const owner = await spawnWorker(OWNER, { args: [BUILT, ECHO.href] });
  const { pid } = await owner.message<{ pid: number }>("paused");
  expect(programOf(pid)).toBe("node");

  await killHard(owner);
  while (programOf(pid) !== undefined) await sleep(5);
});

test("only the URL of a file is taken", async () => {
  await expect(spawnWorker("worker.mjs")).rejects.toBeInstanceOf(OptionError);
});
