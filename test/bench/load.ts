// A closed loop: so many operations in flight, each replaced by the next one when it is answered, for so many seconds. Latency is from the call to
// the answer, at the client; the first part of a run warms up and is not counted. Also counts what the run costs in processor time.

import { createHistogram, performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

export interface Target {
  readonly name: string;
  /** @param lane which of the operations in flight this is, to spread them over connections. */
  put(lane: number): Promise<void>;
  get(lane: number): Promise<void>;
  /** Any key and any value. */
  write(lane: number, key: Uint8Array, value: Uint8Array): Promise<void>;
  /** Of the whole state, by the store's own command line. @param file that is not there yet */
  backUp(file: string): Promise<void>;
  /** Of all nodes together, since they started. */
  cpuSeconds(): Promise<number>;
  stop(): Promise<void>;
}

export interface Load {
  readonly operation: "put" | "get";
  readonly inFlight: number;
  readonly seconds: number;
}

export interface Measurement extends Load {
  readonly target: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
  /** Processor seconds for 1,000 operations: of the three nodes, and of this client. */
  readonly nodeCpuPer1000: number;
  readonly clientCpuPer1000: number;
}

const warmUpMs = 500;

export async function measure(target: Target, load: Load): Promise<Measurement> {
  const histogram = createHistogram();
  const run = { counting: false, stopped: false, operations: 0, failures: 0 };
  const loop = async (lane: number): Promise<void> => {
    while (!run.stopped) {
      const start = performance.now();
      try {
        await target[load.operation](lane);
      } catch {
        run.failures += 1;
        await sleep(10);
        continue;
      }
      if (!run.counting) continue;
      run.operations += 1;
      histogram.record(Math.max(1, Math.round((performance.now() - start) * 1e6)));
    }
  };
  const lanes = Array.from({ length: load.inFlight }, (_, lane) => loop(lane));
  await sleep(warmUpMs);
  run.counting = true;
  const before = { time: performance.now(), nodes: await target.cpuSeconds(), client: process.cpuUsage() };
  await sleep(load.seconds * 1000);
  run.counting = false;
  const elapsed = (performance.now() - before.time) / 1000;
  const client = process.cpuUsage(before.client);
  const nodes = (await target.cpuSeconds()) - before.nodes;
  run.stopped = true;
  await Promise.all(lanes);
  const thousands = Math.max(run.operations, 1) / 1000;
  return {
    ...load, target: target.name, failures: run.failures,
    perSecond: run.operations / elapsed,
    p50Ms: histogram.percentile(50) / 1e6, p99Ms: histogram.percentile(99) / 1e6,
    nodeCpuPer1000: nodes / thousands, clientCpuPer1000: (client.user + client.system) / 1e6 / thousands,
  };
}
