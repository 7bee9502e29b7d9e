// The same load for half an hour: whether the last minute is as good as the first, and whether the disk fills up.

import { performance } from "node:perf_hooks";
import { bound, type Measured } from "../figure.ts";
import { measure } from "../load.ts";
import type { Scale } from "../scale.ts";
import type { Suite } from "../suite.ts";
import type { BenchNode, Connections } from "../target.ts";
import { Keys, value } from "../workload.ts";

export const endurance: Suite = {
  name: "endurance", about: "256 puts in flight on 100,000 keys for 30 minutes (--minutes)", stores: "own", isLong: true,
  steps: ({ enduranceMinutes }) => [{
    title: `256 puts in flight for ${enduranceMinutes} minutes`,
    figures: [
      { id: "endurance.last-to-first", title: "puts of the last minute to those of the first", unit: "x", better: "higher", goal: bound("at least", 0.95) },
      { id: "endurance.disk-growth", title: "most disk of a node in the second half to that in the first", unit: "x", better: "lower", goal: bound("at most", 1.25) },
      { id: "endurance.rate", title: "puts per second", unit: "/s", better: "higher" },
      { id: "endurance.p99", title: "p99 of the slowest minute", unit: "ms", better: "lower" },
    ],
    run: async ({ connections, target: { nodes } }, scale) => enduranceFigures(await enduranceMinutesOf(connections, nodes, scale)),
  }],
};

interface Minute {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** Of the node that takes most. */
  readonly diskBytes: number;
}

const enduranceKeys = 100_000;
/** Of less than this many nothing can be compared. */
const minutesMin = 4;

async function enduranceMinutesOf(connections: Connections, nodes: readonly BenchNode[], { enduranceMinutes, warmUpMs }: Scale): Promise<Minute[]> {
  const keys = new Keys(enduranceKeys);
  const seconds = Math.min(60, (enduranceMinutes * 60) / minutesMin);
  const endMs = performance.now() + enduranceMinutes * 60_000;
  const minutes: Minute[] = [];
  while (performance.now() < endMs) {
    const { perSecond, p99Ms } = await measure({ inFlight: 256, seconds, warmUpMs: minutes.length === 0 ? warmUpMs : 0, nodes, operate: (lane) => connections.put(lane, keys.next(), value) });
    minutes.push({ perSecond, p99Ms, diskBytes: Math.max(...await Promise.all(nodes.map((node) => node.dataBytes()))) });
  }
  return minutes;
}

function enduranceFigures(minutes: readonly Minute[]): Measured {
  const half = Math.ceil(minutes.length / 2);
  const diskMax = (part: readonly Minute[]): number => Math.max(...part.map(({ diskBytes }) => diskBytes));
  return {
    "endurance.last-to-first": minutes.at(-1)!.perSecond / minutes[0]!.perSecond,
    "endurance.disk-growth": diskMax(minutes.slice(-half)) / diskMax(minutes.slice(0, half)),
    "endurance.rate": minutes.reduce((sum, { perSecond }) => sum + perSecond, 0) / minutes.length,
    "endurance.p99": Math.max(...minutes.map(({ p99Ms }) => p99Ms)),
  };
}
