import { expect, test } from "vitest";
import type { RaftctlError } from "../../src/base/errors.ts";
import { PendingCalls } from "../../src/platform/pending-calls.ts";
import { ManualClock } from "./manual-clock.ts";

function setUp(callsBefore = 0): { clock: ManualClock; calls: PendingCalls; failed: [number, string][]; add: (timeoutMs: number) => number } {
  const clock = new ManualClock();
  const calls = new PendingCalls(clock, "node 7", callsBefore);
  const failed: [number, string][] = [];
  const add = (timeoutMs: number): number => {
    const id = calls.nextId();
    const reject = (error: unknown): void => void failed.push([id, (error as RaftctlError).code]);
    calls.add({ decode: (fields) => fields, resolve: () => undefined, reject, deadline: clock.now() + timeoutMs, timeoutMs });
    return id;
  };
  return { clock, calls, failed, add };
}

test("a thousand calls share one timer (S21)", () => {
  const { clock, add } = setUp();
  for (let at = 0; at < 1_000; at += 1) add(100 + (at % 50));
  expect(clock.armed).toBe(1);
});

test("each call fails at its deadline, within a few milliseconds, and not before", () => {
  const { clock, failed, add } = setUp();
  const late = add(60);
  const early = add(20);
  clock.advance(19);
  expect(failed).toEqual([]);
  clock.advance(10);
  expect(failed).toEqual([[early, "TIMEOUT"]]);
  clock.advance(30);
  expect(failed).toHaveLength(1);
  clock.advance(10);
  expect(failed).toEqual([[early, "TIMEOUT"], [late, "TIMEOUT"]]);
  expect(clock.armed).toBe(0);
});

test("a call that was answered does not fail, and its id is unknown afterwards", () => {
  const { clock, calls, failed, add } = setUp();
  const id = add(50);
  expect(calls.take(id)).toBeDefined();
  expect(calls.take(id)).toBeUndefined();
  expect(calls.take(12_345)).toBeUndefined();
  clock.advance(1_000);
  expect([failed, calls.size, clock.armed]).toEqual([[], 0, 0]);
});

test("when all are rejected, nobody waits and no timer is left", () => {
  const { clock, calls, failed, add } = setUp();
  add(50);
  add(60);
  calls.rejectAll({ code: "CONNECTION_LOST" } as RaftctlError);
  expect(failed.map(([, code]) => code)).toEqual(["CONNECTION_LOST", "CONNECTION_LOST"]);
  expect([calls.size, clock.armed]).toEqual([0, 0]);
});

test("ids are never 0 and never those of calls under way", () => {
  const { calls, add } = setUp();
  const ids = Array.from({ length: 100 }, () => add(1_000));
  expect(new Set(ids).size).toBe(100);
  expect(ids).not.toContain(0);
  expect(ids).not.toContain(calls.nextId());
});

test("behind the last id they begin again, without 0, and every answer finds its call", () => {
  const { clock, calls, add } = setUp(2 ** 32 - 4);
  const ids = Array.from({ length: 6 }, (_, place) => add(1_000 + place));
  expect(ids).toEqual([2 ** 32 - 3, 2 ** 32 - 2, 2 ** 32 - 1, 1, 2, 3]);
  expect(ids.toReversed().map((id) => calls.take(id)!.deadline - clock.now())).toEqual([1_005, 1_004, 1_003, 1_002, 1_001, 1_000]);
});
