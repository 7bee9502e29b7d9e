// Throughput, latency and processor time under closed loops: the suites that are nothing but loads.

import { atLeast, atMost, type Figure, type Goal, type Measured } from "../figure.ts";
import { measure, type LoadResult } from "../load.ts";
import { runIn } from "../run-in.ts";
import type { Scale } from "../scale.ts";
import type { Prepared, Step, Suite } from "../suite.ts";
import type { Connections, Consistency } from "../target.ts";
import { connectionCount, Keys, randomValue, value } from "../workload.ts";

const mebibyte = 1024 ** 2;
const largeValueBytes = 16 * 1024;

interface LoadGoals {
  readonly rate?: Goal;
  readonly p50?: Goal;
  readonly p99?: Goal;
  readonly cpu?: Goal;
}

interface LoadStep {
  /** Of its figures. */
  readonly id: string;
  readonly title: string;
  readonly inFlight: number;
  readonly goals: LoadGoals;
  readonly operation: (connections: Connections) => (lane: number) => Promise<void>;
  /** Instead of those that are there, for the length of the load. */
  readonly connect?: (prepared: Prepared) => Promise<Connections>;
}

function loadStep({ id, title, inFlight, goals, operation, connect }: LoadStep): Step {
  const figures: Figure[] = [
    figure(`${id}.rate`, `${title}, per second`, "/s", goals.rate), figure(`${id}.p50`, `${title}, p50`, "ms", goals.p50), figure(`${id}.p99`, `${title}, p99`, "ms", goals.p99),
    figure(`${id}.cpu`, `${title}, CPU of all nodes for 1,000`, "s", goals.cpu), figure(`${id}.cpu-leader`, `${title}, CPU of the leader for 1,000`, "s", undefined),
    figure(`${id}.cpu-client`, `${title}, CPU of the client for 1,000`, "s", undefined), figure(`${id}.failures`, `${title}, failures`, "", undefined),
  ];
  const run = async (prepared: Prepared, scale: Scale): Promise<Measured> => {
    const connections = (await connect?.(prepared)) ?? prepared.connections;
    const { nodes } = prepared.target;
    const leader = nodes.indexOf(await prepared.target.leader());
    const result = await measure({ inFlight, ...scale, nodes, operate: operation(connections) });
    if (connections !== prepared.connections) connections.close();
    return measuredLoad(id, result, leader);
  };
  return { title, figures, run };
}

function figure(id: string, title: string, unit: string, goal: Goal | undefined): Figure {
  return { id, title, unit, better: unit === "/s" ? "higher" : "lower", ...(goal !== undefined && { goal }) };
}

function measuredLoad(id: string, { perSecond, p50Ms, p99Ms, failures, nodeCpuPer1000, clientCpuPer1000 }: LoadResult, leader: number): Measured {
  return {
    [`${id}.rate`]: perSecond, [`${id}.p50`]: p50Ms, [`${id}.p99`]: p99Ms, [`${id}.failures`]: failures,
    [`${id}.cpu`]: nodeCpuPer1000.reduce((sum, seconds) => sum + seconds, 0), [`${id}.cpu-leader`]: nodeCpuPer1000[leader]!, [`${id}.cpu-client`]: clientCpuPer1000,
  };
}

export function putting(connections: Connections): (lane: number) => Promise<void> {
  const keys = new Keys();
  return (lane) => connections.put(lane, keys.next(), value);
}

function getting(consistency: Consistency): (connections: Connections) => (lane: number) => Promise<void> {
  return (connections) => {
    const keys = new Keys();
    return (lane) => connections.get(lane, keys.next(), consistency);
  };
}

function mixing(connections: Connections): (lane: number) => Promise<void> {
  const [put, get] = [putting(connections), getting("linearizable")(connections)];
  let turn = 0;
  return (lane) => ((turn += 1) % 2 === 0 ? put(lane) : get(lane));
}

const toAllNodes = ({ target }: Prepared): Promise<Connections> => target.connect(connectionCount, target.nodes);

const putGoals: readonly (readonly [number, LoadGoals])[] = [
  [1, { rate: atLeast(1.3), p50: atMost(0.75), p99: atMost(0.6) }],
  [8, { rate: atLeast(2), p99: atMost(0.6) }],
  [64, { rate: atLeast(4), p50: atMost(0.3), p99: atMost(0.6) }],
  [256, { rate: atLeast(6), p50: atMost(0.3), p99: atMost(0.6), cpu: atMost(0.25) }],
  [1000, { rate: atLeast(7), p50: atMost(0.3), p99: atMost(0.6) }],
];

const getGoals = [[1, 2], [8, 2.5], [64, 5], [1000, 10]] as const;

export const puts: Suite = {
  name: "puts", about: "puts over 8 connections to the leader", stores: "both", prepare: runIn(putting),
  steps: () => putGoals.map(([inFlight, goals]) => loadStep({ id: `puts.${inFlight}`, title: `puts, ${inFlight} in flight`, inFlight, goals, operation: putting })),
};

export const gets: Suite = {
  name: "gets", about: "linearizable gets over 8 connections to the leader, and to all nodes", stores: "both", prepare: runIn(getting("linearizable")),
  steps: () => [
    ...getGoals.map(([inFlight, ratio]) =>
      loadStep({ id: `gets.${inFlight}`, title: `linearizable gets on the leader, ${inFlight} in flight`, inFlight, goals: { rate: atLeast(ratio) }, operation: getting("linearizable") })),
    loadStep({ id: "gets-all.1000", title: "linearizable gets on all nodes, 1000 in flight", inFlight: 1000, goals: { rate: atLeast(10) }, operation: getting("linearizable"), connect: toAllNodes }),
  ],
};

export const staleGets: Suite = {
  name: "stale", about: "stale gets (etcd: serializable) over 8 connections to the leader", stores: "both", prepare: runIn(getting("stale")),
  steps: () => ([[64, 6], [1000, 12]] as const).map(([inFlight, ratio]) =>
    loadStep({ id: `stale.${inFlight}`, title: `stale gets, ${inFlight} in flight`, inFlight, goals: { rate: atLeast(ratio) }, operation: getting("stale") })),
};

export const mixed: Suite = {
  name: "mixed", about: "puts and linearizable gets in turn", stores: "both", prepare: runIn(mixing),
  steps: () => [loadStep({ id: "mixed.256", title: "puts and gets, 256 in flight", inFlight: 256, goals: { rate: atLeast(6) }, operation: mixing })],
};

export const manyConnections: Suite = {
  name: "connections", about: "as many connections as operations in flight", stores: "both", prepare: runIn(putting),
  steps: ({ clientConnections: count }) => [loadStep({
    id: "connections", title: `puts of ${count} connections, one in flight each`, inFlight: count, goals: { rate: atLeast(2) }, operation: putting,
    connect: async ({ target }) => target.connect(count, [await target.leader()]),
  })],
};

export const largeValues: Suite = {
  name: "large-values", about: "puts of 16 KiB, 64 in flight", stores: "both",
  steps: () => [{
    title: "puts of 16 KiB, 64 in flight",
    figures: [{ id: "large-values.mib", title: "puts of 16 KiB, 64 in flight", unit: "MiB/s", better: "higher", goal: atLeast(1.5) }],
    run: async ({ connections, target: { nodes } }, scale) => {
      const [keys, large] = [new Keys(), randomValue(largeValueBytes)];
      const { perSecond } = await measure({ inFlight: 64, ...scale, nodes, operate: (lane) => connections.put(lane, keys.next(), large) });
      return { "large-values.mib": (perSecond * largeValueBytes) / mebibyte };
    },
  }],
};
