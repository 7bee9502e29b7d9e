// A process that calls a function again and again, with time for the compiler in between. Reports after how many calls the optimizing compiler had it.

import { setTimeout as sleep } from "node:timers/promises";
import { runInThisContext } from "node:vm";
import { setUpV8 } from "../../../src/daemon/v8-settings.ts";

/** V8's own, which a program can only name in what is compiled while it runs. */
const statusOf = runInThisContext("(tested) => %GetOptimizationStatus(tested)") as (tested: unknown) => number;
const optimized = 1 << 6;
const callsMax = 2_400;
/** For what the compiler does beside the calls, also on a machine that has much else to do. */
const compilerMs = 15;

function sum(record: { readonly value: number }, factor: number): number {
  let total = 0;
  for (let step = 0; step < 3; step += 1) total += record.value * step + factor;
  return total;
}

if (process.argv[2] === "set") setUpV8();
let calls = 0;
while (calls < callsMax && (statusOf(sum) & optimized) === 0) {
  for (let more = 0; more < 50; more += 1) {
    sum({ value: calls }, more);
    calls += 1;
  }
  await sleep(compilerMs);
}
process.stdout.write(String(calls));
