import { expect, test } from "vitest";
import { RaftctlError } from "../../../src/base/errors.ts";
import { runLoad } from "../../../src/cli/check/perf/load-run.ts";
import { ClosedPace, OpenPace, type Pace } from "../../../src/cli/check/perf/pace.ts";
import { Tally } from "../../../src/cli/check/perf/tally.ts";
import { ManualLoadClock, settled } from "./load-at-a-pace.ts";

interface Sent {
  readonly lane: number;
  readonly atMs: number;
  readonly answer: () => void;
  readonly fail: (error: RaftctlError) => void;
}

/** A load whose answers are in the hands of the test. Times count from its start. */
function start(lanes: number, makePace: (clock: ManualLoadClock, startMs: number) => Pace, durationMs = 1000) {
  const clock = new ManualLoadClock();
  const startMs = clock.now();
  const tally = new Tally(startMs + durationMs);
  const pace = makePace(clock, startMs);
  const sent: Sent[] = [];
  const state = { over: false };
  const operate = (lane: number): Promise<void> => new Promise((resolve, reject) => {
    sent.push({ lane, atMs: clock.now() - startMs, answer: resolve, fail: reject });
  });
  const done = runLoad({ lanes, clock, pace, tally, choose: () => "write", operate }).then(() => void (state.over = true));
  return { clock, tally, pace, sent, done, state };
}

const open = (ratePerSecond: number, durationMs = 1000, graceMs = 500) => (clock: ManualLoadClock, startMs: number): OpenPace =>
  new OpenPace(clock, { startMs, durationMs, ratePerSecond, graceMs });

test("an open load sends by its schedule, whether or not earlier operations were answered", async () => {
  const { clock, sent, pace, done } = start(20, open(10));
  await clock.advance(2000);
  expect(sent).toHaveLength(10);
  for (const [number, { atMs }] of sent.entries()) {
    expect(atMs).toBeGreaterThanOrEqual(number * 100);
    expect(atMs).toBeLessThan(number * 100 + 0.2);
  }
  for (const { answer } of sent) answer();
  await done;
  expect(pace.notSent).toBe(0);
});

test("latency runs from when an operation was meant to be sent: a store that stands still is seen by all that arrive meanwhile", async () => {
  const { clock, tally, sent, done } = start(1, open(10));
  await clock.advance(950);
  // One lane: the first operation blocks it, and nine more have arrived behind it.
  expect(sent).toHaveLength(1);
  for (let count = 0; count < 10; count += 1) {
    sent[count]!.answer();
    await settled();
  }
  await done;
  expect(tally.all.count).toBe(10);
  expect(tally.all.slowestMs).toBeCloseTo(950, 0);
  expect(tally.all.document().meanMs).toBeGreaterThan(490);
  expect(tally.all.document().meanMs).toBeLessThan(510);
  expect(tally.sendDelay.slowestMs).toBeCloseTo(850, 0);
});

test("what was due before the end is still sent for a while after it, counts for the latency and not for the throughput", async () => {
  const { clock, tally, sent, pace, done } = start(1, open(10));
  await clock.advance(1200);
  for (let count = 0; count < 10; count += 1) {
    sent[count]!.answer();
    await settled();
  }
  await done;
  expect(tally.all.count).toBe(10);
  expect(tally.inTime).toBe(0);
  expect(pace.notSent).toBe(0);
});

test("what could not be sent until then is counted, and never sent", async () => {
  const { clock, sent, pace, done } = start(1, open(10));
  await clock.advance(1600);
  sent[0]!.answer();
  await done;
  expect(sent).toHaveLength(1);
  expect(pace.notSent).toBe(9);
});

test("the number of operations is rate times duration, whatever the time of day does to the arithmetic", async () => {
  for (const rate of [3, 7, 150, 999]) {
    const { clock, sent, pace, done } = start(2000, (given) => new OpenPace(given, { startMs: given.now(), durationMs: 1000, ratePerSecond: rate, graceMs: 0 }));
    await clock.advance(1000.5);
    for (const { answer } of sent) answer();
    await done;
    expect([sent.length, pace.notSent]).toEqual([rate, 0]);
  }
});

test("a closed load has as many operations under way as it has lanes, and sends none after its end", async () => {
  const { clock, tally, sent, done } = start(4, (given, startMs) => new ClosedPace(given, startMs + 1000));
  await clock.advance(10);
  expect(sent.map(({ lane }) => lane)).toEqual([0, 1, 2, 3]);
  sent[2]!.answer();
  await settled();
  expect(sent.map(({ lane }) => lane)).toEqual([0, 1, 2, 3, 2]);
  await clock.advance(1000);
  for (const { answer } of sent) answer();
  await done;
  expect(sent).toHaveLength(5);
  expect([tally.all.count, tally.inTime]).toEqual([5, 1]);
});

test.each([
  ["open", open(10)],
  ["closed", (clock: ManualLoadClock, startMs: number) => new ClosedPace(clock, startMs + 1000)],
] as const)("a stopped %s load sends nothing more, and ends when the last operation has ended", async (_, makePace) => {
  const { clock, sent, pace, done, state } = start(2, makePace);
  await clock.advance(50);
  const before = sent.length;
  pace.stop();
  sent[0]!.answer();
  for (const { answer } of sent.slice(1)) answer();
  await done;
  await clock.advance(2000);
  expect(sent).toHaveLength(before);
  expect([state.over, pace.notSent]).toEqual([true, 0]);
});

test("failures are counted by code, BUSY by itself, and none of them ends the load or counts as answered", async () => {
  const { clock, tally, sent, done } = start(4, open(4, 1000));
  await clock.advance(1000);
  sent[0]!.fail(new RaftctlError("BUSY", "too much to do"));
  sent[1]!.fail(new RaftctlError("NO_LEADER", "nobody leads"));
  sent[2]!.fail(new RaftctlError("UNKNOWN_OUTCOME", "lost", { details: { requestId: "7:9" } }));
  sent[3]!.answer();
  await done;
  expect([tally.busy, Object.fromEntries(tally.errors), tally.failed]).toEqual([1, { NO_LEADER: 1, UNKNOWN_OUTCOME: 1 }, 2]);
  expect(tally.doubts).toEqual([{ id: 7n, sequence: 9 }]);
  expect([tally.all.count, tally.inTime]).toEqual([1, 1]);
});
