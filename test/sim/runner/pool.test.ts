import { afterEach, expect, test } from "vitest";
import { endings, slowMs } from "./fixtures/fake-run.ts";
import { fakeChild } from "./fixtures/fake-surroundings.ts";
import { Pool } from "./pool.ts";
import type { SeedResult } from "./seed-job.ts";
import { counted, listed } from "./seed-source.ts";
import type { SeedSource } from "./seed-source.ts";

const pools: Pool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function newPool(change: { readonly jobs?: number; readonly stallMs?: number; readonly childFile?: URL } = {}): Pool {
  const pool = new Pool({ childFile: fakeChild, jobs: 2, stallMs: 20_000, ...change });
  pools.push(pool);
  return pool;
}

async function resultsOf(pool: Pool, source: SeedSource): Promise<SeedResult[]> {
  const results: SeedResult[] = [];
  await pool.run(source, (result) => void results.push(result));
  return results.toSorted((left, right) => left.job.seed - right.job.seed);
}

const failures = (results: readonly SeedResult[]) =>
  results.flatMap(({ job, outcome: { violation } }) => (violation === undefined ? [] : [[job.seed, violation.property, violation.message] as const]));

test("every seed is answered once, by several processes", async () => {
  const results = await resultsOf(newPool(), counted(1000, 40));
  expect(results.map(({ job }) => job.seed)).toEqual(Array.from({ length: 40 }, (_, offset) => 1000 + offset));
  expect(results[5]!.outcome).toMatchObject({ seed: 1005, events: 1000, faults: { crash: 2 } });
  expect(failures(results)).toEqual([[1013, "Fake Safety", "Fake Safety: seed 1013 is unlucky"]]);
});

test("a process that dies costs its own seed a failure, with the reason, and no other seed anything", async () => {
  const results = await resultsOf(newPool(), counted(60, 14));
  expect(results.length).toBe(14);
  expect(failures(results)).toEqual([
    [60 + 6, "Process Dies", "its process ended (exit code 3)"],
    [60 + 7, "Process Dies", "its process ended (exit code 1): TypeError: thrown where nobody waits"],
  ]);
});

test.for(["standsStill", "spins"] as const)("a seed that %s is killed after the time limit, and the others go on", async (ending) => {
  const results = await resultsOf(newPool({ stallMs: 1500 }), counted(endings[ending], 6));
  expect(results.length).toBe(6);
  expect(failures(results)).toContainEqual([endings[ending], "No Progress", "not finished after 1.5 s of real time; its process was killed"]);
  expect(failures(results).filter(([seed]) => seed > endings.spins)).toEqual([]);
});

test("the time limit is for each seed, and not for all that a process works on", async () => {
  const jobs = Array.from({ length: 7 }, (_, position) => ({ seed: endings.isSlow + 100 * position, omit: [] }));
  const stallMs = 5 * slowMs;
  expect(jobs.length * slowMs).toBeGreaterThan(stallMs);
  expect(failures(await resultsOf(newPool({ jobs: 1, stallMs }), listed(jobs)))).toEqual([]);
});

test("a simulator that throws has failed its seed, and its process goes on", async () => {
  const results = await resultsOf(newPool({ jobs: 1 }), counted(endings.throws, 3));
  expect(failures(results)).toEqual([[88, "Simulator Throws", "RangeError: the fake is broken"]]);
});

test("a process that cannot even start fails each seed once, instead of being started for ever", async () => {
  const results = await resultsOf(newPool({ childFile: new URL("fixtures/stillborn-child.ts", import.meta.url) }), counted(0, 3));
  expect(failures(results).map(([, , message]) => message)).toEqual(Array.from({ length: 3 }, () => "its process ended (exit code 1): SyntaxError: this child cannot be loaded"));
});

test("processes are used again by the next run, and a job's own omissions and trace come through", async () => {
  const pool = newPool({ jobs: 1 });
  expect((await resultsOf(pool, listed([{ seed: 42, omit: [] }])))[0]!.outcome.violation?.property).toBe("Fake Safety");
  const [result] = await resultsOf(pool, listed([{ seed: 42, omit: [7], withTrace: true }]));
  expect(result!.outcome.violation).toBeUndefined();
  expect(result!.lines).toEqual(["line 1 of seed 42"]);
});

test("a run of nothing is over at once, and a closed pool ends its run in the middle", async () => {
  const pool = newPool();
  expect(await resultsOf(pool, listed([]))).toEqual([]);
  const run = resultsOf(pool, counted(endings.standsStill, 1));
  await pool.close();
  expect(await run).toEqual([]);
});
