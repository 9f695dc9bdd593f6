import { expect, test } from "@jest/globals";
import { CoalescerQueue, type Waiting } from "./coalescer-queue.ts";

type Entry = Waiting<number>;

function queueOf(...entries: [key: string, call: number, sizeBytes?: number][]): CoalescerQueue<number, Entry> {
  const queue = new CoalescerQueue<number, Entry>();
  for (const [key, call, sizeBytes = 1] of entries) queue.add({ key, call, sizeBytes });
  return queue;
}

const callsOf = (batch: readonly Entry[]): number[] => batch.map((entry) => entry.call);

test("a batch is sorted by key", () => {
  expect(callsOf(queueOf(["b", 1], ["c", 2], ["a", 3]).take(100, 100))).toEqual([3, 1, 2]);
});

test("two calls of one key are never in one batch, nor in two that run at once, and keep their order", () => {
  const queue = queueOf(["a", 1], ["a", 2], ["b", 3], ["a", 4]);
  const first = queue.take(100, 100);
  expect(callsOf(first)).toEqual([1, 3]);
  expect(queue.take(100, 100)).toEqual([]);

  for (const entry of first) queue.finish(entry);
  const second = queue.take(100, 100);
  expect(callsOf(second)).toEqual([2]);
  expect(queue.length).toBe(1);

  for (const entry of second) queue.finish(entry);
  expect(callsOf(queue.take(100, 100))).toEqual([4]);
  expect(queue.length).toBe(0);
});

test("a batch ends at either limit, and a call above the second goes alone", () => {
  const queue = queueOf(["a", 1, 10], ["b", 2, 10], ["c", 3, 90], ["d", 4, 200], ["e", 5, 1], ["f", 6, 1], ["g", 7, 1]);
  expect(callsOf(queue.take(2, 100))).toEqual([1, 2]);
  expect(callsOf(queue.take(2, 100))).toEqual([3]);
  expect(callsOf(queue.take(2, 100))).toEqual([4]);
  expect(callsOf(queue.take(2, 100))).toEqual([5, 6]);
  expect(callsOf(queue.take(2, 100))).toEqual([7]);
});

test("ten thousand calls come out as they went in", () => {
  const queue = queueOf(
    ...Array.from({ length: 10_000 }, (_, call): [string, number] => [String(call + 10_000), call]),
  );
  const out: number[] = [];
  for (let batch = queue.take(100, 1_000); batch.length > 0; batch = queue.take(100, 1_000)) {
    out.push(...callsOf(batch));
    for (const entry of batch) queue.finish(entry);
  }
  expect(out).toEqual(Array.from({ length: 10_000 }, (_, call) => call));
});
