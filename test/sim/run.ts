// One seed, from its world to its outcome.

import { crc32 } from "node:zlib";
import type { RunSeed, ViolationReport } from "./outcome.ts";
import { drawPlan } from "./faults/plan.ts";
import { MarkCounter } from "./marks/counter.ts";
import { Violation } from "./properties/property.ts";
import { drawKnobs, fork } from "./world/knobs.ts";
import { World } from "./world/world.ts";

export const runSeed: RunSeed = async (seed, options = {}) => {
  const knobs = drawKnobs(fork(seed, "knobs"));
  const plan = drawPlan(fork(seed, "plan"), knobs);
  const kept = plan.filter(({ number }) => options.omit?.has(number) !== true);
  const world = new World({ seed, knobs, plan: kept, crc32, onLine: options.onLine });
  const marks = new MarkCounter();
  marks.start();
  const violation = await world.run().then(() => undefined, (thrown: unknown) => report(thrown, world));
  return {
    seed, violation,
    traceHash: world.trace.hash,
    events: world.scheduler.events,
    virtualMs: world.scheduler.now,
    operations: world.history.operations().length,
    faults: world.struck,
    plan: plan.map(({ at, text }) => `${at.toFixed(0)} ms: ${text}`),
    marks: marks.take(),
  };
};

function report(thrown: unknown, world: World): ViolationReport {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { property: thrown instanceof Violation ? thrown.property : "No Unexplained Failure", message: error.message, atMs: world.scheduler.now, stack: error.stack };
}
