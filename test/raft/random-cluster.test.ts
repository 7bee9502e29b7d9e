// Hundreds of short lives of a cluster under random faults (harness/simulation.ts). A seed that fails is the whole report: run it again with
// RAFT_SEED=<seed> to see only that one, with its trace.

import { expect, test } from "vitest";
import type { Outcome } from "./harness/simulation.ts";
import { Simulation } from "./harness/simulation.ts";

const only = process.env["RAFT_SEED"];
const count = Number(process.env["RAFT_SEEDS"] ?? 250);

function runSeed(seed: number): Outcome {
  const simulation = new Simulation(seed, only !== undefined);
  try {
    return simulation.run();
  } catch (cause) {
    if (simulation.log !== undefined) process.stderr.write(`${simulation.log.slice(-Number(process.env["RAFT_LINES"] ?? 200)).join("\n")}\n`);
    throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

test("safety holds at every step under random faults, and the cluster converges when they stop (Figure 3; H1-H3, H6, H10-H19, H21-H23, H26-H28, H33)", () => {
  const seeds = only === undefined ? Array.from({ length: count }, (_, position) => position + 1) : [Number(only)];
  const outcomes = seeds.map(runSeed);
  if (only !== undefined) return;
  const total = (pick: (outcome: Outcome) => number): number => outcomes.reduce((sum, outcome) => sum + pick(outcome), 0);
  // A run in which nothing happens proves nothing.
  expect(total((outcome) => outcome.committed) / count).toBeGreaterThan(100);
  expect(total((outcome) => outcome.reads) / count).toBeGreaterThan(10);
  expect(total((outcome) => outcome.elections) / count).toBeGreaterThan(2);
  expect(total((outcome) => outcome.changes)).toBeGreaterThan(count / 4);
  expect(total((outcome) => outcome.installs)).toBeGreaterThan(count / 10);
});

test("the same seed gives the same trace, another seed another one", () => {
  expect(runSeed(4).trace).toBe(runSeed(4).trace);
  expect(runSeed(4).trace).not.toBe(runSeed(5).trace);
});
