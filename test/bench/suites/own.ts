// What is measured against nothing but this machine: a command from the shell beside a bare node, an idle cluster, one put beside its round trips and its sync.

import { execa } from "execa";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanEnvironment, executable } from "../../e2e/support/command-line.ts";
import { SystemClock } from "../../../src/platform/system-clock.ts";
import { NodeDisk } from "../../../src/platform/node-disk.ts";
import { LatencyHistogram } from "../../../src/cli/check/latency-histogram.ts";
import { timeSyncs } from "../../../src/daemon/sync-timing.ts";
import { bound } from "../figure.ts";
import { measure } from "../load.ts";
import { loopbackRoundTripMs } from "../loopback.ts";
import type { RaftctlTarget } from "../raftctl-target.ts";
import { runIn } from "../run-in.ts";
import { spreadOf } from "../statistics.ts";
import type { Suite } from "../suite.ts";
import { putting } from "./loads.ts";
import { Keys, keyOf, value, valueBytes } from "../workload.ts";

const segmentBytes = 64 * 1024 ** 2;

export const shell: Suite = {
  name: "shell", about: "raftctl get from the shell, beside node -e 0", stores: "own",
  steps: () => [{
    title: "raftctl get from the shell",
    figures: [
      { id: "shell.ratio", title: "raftctl get from the shell to node -e 0", unit: "x", better: "lower", goal: bound("at most", 2.6) },
      { id: "shell.get", title: "raftctl get from the shell", unit: "ms", better: "lower" },
      { id: "shell.node", title: "node -e 0", unit: "ms", better: "lower" },
    ],
    run: async ({ target }, { shellRuns }) => {
      const { cluster } = target as RaftctlTarget;
      const env = cleanEnvironment(cluster.home, { RAFTCTL_ENDPOINT: cluster.endpoints[0]! });
      const timed = async (args: readonly string[]): Promise<number> => {
        const began = performance.now();
        await execa(process.execPath, args, { env, extendEnv: false });
        return performance.now() - began;
      };
      const [gets, bare]: [number[], number[]] = [[], []];
      for (let run = 0; run < shellRuns; run += 1) {
        bare.push(await timed(["-e", "0"]));
        gets.push(await timed([executable, "get", Buffer.from(keyOf(0)).toString()]));
      }
      const [get, node] = [spreadOf(gets).median, spreadOf(bare).median];
      return { "shell.ratio": get / node, "shell.get": get, "shell.node": node };
    },
  }],
};

export const idle: Suite = {
  name: "idle", about: "processor time of a cluster that nobody asks for anything", stores: "both",
  steps: () => [{
    title: "an idle cluster",
    figures: [{ id: "idle.cpu", title: "idle: share of one core for each node", unit: "%", better: "lower", goal: bound("at most", 0.5) }],
    run: async ({ target: { nodes } }, { idleSeconds }) => {
      const cpu = async (): Promise<number> => (await Promise.all(nodes.map((node) => node.cpuSeconds()))).reduce((sum, seconds) => sum + seconds, 0);
      // What the filling has left to the compiler and the collector is not idleness.
      await sleep(idleSeconds * 1000);
      const [before, began] = [await cpu(), performance.now()];
      await sleep(idleSeconds * 1000);
      return { "idle.cpu": (((await cpu()) - before) / nodes.length / ((performance.now() - began) / 1000)) * 100 };
    },
  }],
};

export const onePut: Suite = {
  name: "one-put", about: "a put of one client, beside two round trips over loopback and one sync", stores: "own", prepare: runIn(putting),
  steps: () => [{
    title: "one put",
    figures: [
      { id: "one-put.ratio", title: "one put to two round trips and one sync", unit: "x", better: "lower", goal: bound("at most", 1.6) },
      { id: "one-put.p50", title: "one put, p50", unit: "ms", better: "lower" },
      { id: "one-put.round-trip", title: "loopback round trip, p50", unit: "ms", better: "lower" },
      { id: "one-put.sync", title: "append of a log, p50", unit: "ms", better: "lower" },
    ],
    run: async ({ target, connections }, scale) => {
      const keys = new Keys();
      const { p50Ms } = await measure({ inFlight: 1, ...scale, nodes: target.nodes, operate: (lane) => connections.put(lane, keys.next(), value) });
      const roundTripMs = await loopbackRoundTripMs(valueBytes, scale.seconds);
      const syncMs = await syncP50Ms((target as RaftctlTarget).cluster.home, scale.seconds);
      return { "one-put.ratio": p50Ms / (2 * roundTripMs + syncMs), "one-put.p50": p50Ms, "one-put.round-trip": roundTripMs, "one-put.sync": syncMs };
    },
  }],
};

async function syncP50Ms(directory: string, seconds: number): Promise<number> {
  const histogram = new LatencyHistogram();
  await timeSyncs(new NodeDisk(), new SystemClock(), {
    dataDir: directory, writeBytes: valueBytes, segmentBytes, durationMs: seconds * 1000, signal: new AbortController().signal, onSync: (ms) => histogram.record(ms),
  });
  return histogram.percentile(50);
}
