import { expect, test } from "vitest";
import type { Outcome } from "../outcome.ts";
import type { SeedJob, SeedResult } from "./seed-job.ts";
import { remaining, shrink } from "./shrink.ts";
import type { ShrinkOptions } from "./shrink.ts";

type Fake = (struck: (position: number) => boolean) => { readonly plan: number; readonly property?: string; readonly message?: string };

function resultOf(fake: Fake, job: SeedJob): SeedResult {
  const { plan, property, message = "something" } = fake((position) => !job.omit.includes(position));
  const violation = property === undefined ? undefined : { property, message, atMs: 1, stack: undefined };
  const outcome: Outcome = {
    seed: job.seed, violation, traceHash: "", events: 0, virtualMs: 0, operations: 0, faults: {}, plan: Array.from({ length: plan }, (_, position) => `fault ${position}`), marks: {},
  };
  return { job, outcome, lines: undefined };
}

async function shrunkBy(fake: Fake, change: Partial<ShrinkOptions> = {}) {
  const jobs: SeedJob[] = [];
  const runJobs = async (asked: readonly SeedJob[]) => {
    jobs.push(...asked);
    return asked.map((job) => resultOf(fake, job)).toReversed();
  };
  const shrunk = (await shrink({ seed: 42, omit: [], runsMax: 400, atOnce: 2, runJobs, onProgress: () => undefined, ...change }))!;
  return { ...shrunk, left: remaining({ job: { seed: 42, omit: shrunk.omit }, outcome: shrunk.outcome }), jobs };
}

test("only the faults that the violation needs are left, and the reduced run was really run", async () => {
  const { left, omit, complete, jobs, runs } = await shrunkBy((struck) => (struck(3) && struck(17) ? { plan: 20, property: "Safety" } : { plan: 20 }));
  expect(left).toEqual([3, 17]);
  expect(complete).toBe(true);
  expect(jobs.map((job) => job.omit)).toContainEqual(omit);
  expect(runs).toBe(jobs.length);
  expect(new Set(jobs.map((job) => String(job.omit))).size).toBe(jobs.length);
});

test("a run that violates another property is not taken for the same failure", async () => {
  const { left, outcome } = await shrunkBy((struck) => ({ plan: 8, property: struck(5) ? "Safety" : "Liveness" }));
  expect(left).toEqual([5]);
  expect(outcome.violation?.property).toBe("Safety");
});

test("an error that no property explains is the same only if its words are", async () => {
  const { left } = await shrunkBy((struck) => ({ plan: 8, property: "No Unexplained Failure", message: struck(5) ? `index ${struck(1) ? 17 : 3} is gone` : "another error" }));
  expect(left).toEqual([5]);
});

test("two faults of which each alone changes what the other one does are left out together", async () => {
  const { left, complete } = await shrunkBy((struck) => (struck(4) && struck(0) === struck(3) && struck(1) === struck(6) ? { plan: 8, property: "Safety" } : { plan: 8 }));
  expect({ left, complete }).toEqual({ left: [4], complete: true });
});

test("faults that are planned only because others are gone are left out as well", async () => {
  const { left, omit, outcome } = await shrunkBy((struck) => (struck(0) ? { plan: struck(1) ? 4 : 9, property: "Safety" } : { plan: 4 }));
  expect(left).toEqual([0]);
  expect(outcome.plan.length).toBe(9);
  expect(omit).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("numbers that the smaller run never planned are not in its command", async () => {
  const { omit } = await shrunkBy((struck) => ({ plan: struck(9) ? 10 : 5, property: "Safety" }));
  expect(omit).toEqual([0, 1, 2, 3, 4]);
});

test("what is left out from the beginning stays out", async () => {
  const { left, omit, jobs } = await shrunkBy((struck) => (struck(2) ? { plan: 6, property: "Safety" } : { plan: 6 }), { omit: [1, 4] });
  expect({ left, omit }).toEqual({ left: [2], omit: [0, 1, 3, 4, 5] });
  expect(jobs.every((job) => job.omit.includes(1) && job.omit.includes(4))).toBe(true);
});

test("the number of runs is bounded, and the best so far is the answer", async () => {
  const { left, runs, complete, jobs } = await shrunkBy((struck) => (struck(3) && struck(30) ? { plan: 40, property: "Safety" } : { plan: 40 }), { runsMax: 12 });
  expect({ runs, ran: jobs.length, complete }).toEqual({ runs: 12, ran: 12, complete: false });
  expect(left).toEqual(expect.arrayContaining([3, 30]));
  expect(left.length).toBeLessThan(40);
});

test("a failure that is not monotone stays a failure, within the bound", async () => {
  const { left, outcome, runs } = await shrunkBy((struck) => {
    const strikes = Array.from({ length: 15 }, (_, position) => position).filter(struck).length;
    return strikes === 15 || (strikes >= 4 && strikes % 3 === 1) ? { plan: 15, property: "Safety" } : { plan: 15 };
  });
  expect(outcome.violation).toBeDefined();
  expect(left.length).toBe(4);
  expect(runs).toBeLessThanOrEqual(400);
});

test("a seed that violates nothing takes one run, and answers that end early end the search", async () => {
  expect(await shrunkBy(() => ({ plan: 5 }))).toMatchObject({ runs: 1, omit: [], outcome: { violation: undefined } });
  expect(await shrink({ seed: 1, omit: [], runsMax: 9, atOnce: 2, runJobs: async () => [], onProgress: () => undefined })).toBeUndefined();
});
