// A closed loop: so many operations in flight, each replaced by the next one when it is answered, for so many seconds. Latency is from the call to
// the answer, at the client; the first part of a run warms up and is not counted. Also counts what the run costs in processor time, process by process.

import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { LatencyHistogram } from "../../src/cli/check/latency-histogram.ts";
import type { BenchNode } from "./target.ts";

export interface Load {
  readonly inFlight: number;
  readonly seconds: number;
  readonly warmUpMs: number;
  /** Whose processor time counts. */
  readonly nodes: readonly BenchNode[];
  readonly operate: (lane: number) => Promise<void>;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
  /** Processor seconds for 1,000 operations, by node, and of this client. */
  readonly nodeCpuPer1000: readonly number[];
  readonly clientCpuPer1000: number;
}

const failurePauseMs = 10;

/** @throws when not a single operation succeeded: the last error */
export async function measure(load: Load): Promise<LoadResult> {
  const histogram = new LatencyHistogram();
  const run = { counting: false, stopped: false, failures: 0, latest: new Error("nothing was answered in time") as unknown };
  const loop = async (lane: number): Promise<void> => {
    while (!run.stopped) {
      const start = performance.now();
      try {
        await load.operate(lane);
        if (run.counting) histogram.record(performance.now() - start);
      } catch (error) {
        run.failures += 1;
        run.latest = error;
        await sleep(failurePauseMs);
      }
    }
  };
  const lanes = Array.from({ length: load.inFlight }, (_, lane) => loop(lane));
  const cpuSeconds = (): Promise<number[]> => Promise.all(load.nodes.map((node) => node.cpuSeconds()));
  await sleep(load.warmUpMs);
  const before = { nodes: await cpuSeconds(), client: process.cpuUsage(), time: performance.now() };
  run.counting = true;
  await sleep(load.seconds * 1000);
  run.counting = false;
  const elapsed = (performance.now() - before.time) / 1000;
  const client = process.cpuUsage(before.client);
  const after = await cpuSeconds();
  run.stopped = true;
  await Promise.all(lanes);
  const { count } = histogram;
  if (count === 0) throw run.latest;
  return {
    perSecond: count / elapsed, p50Ms: histogram.percentile(50), p99Ms: histogram.percentile(99), failures: run.failures,
    nodeCpuPer1000: after.map((seconds, place) => ((seconds - before.nodes[place]!) * 1000) / count),
    clientCpuPer1000: ((client.user + client.system) / 1e6) * (1000 / count),
  };
}
