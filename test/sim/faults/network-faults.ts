// Partitions of every shape, links that fail in one direction, links that become slow, and connections that come and go.

import type { Prng } from "../../../src/base/prng.ts";
import { pick } from "../world/knobs.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { PlannedFault } from "./fault.ts";
import type { Nemesis } from "./nemesis.ts";

type Hears = (from: SimNode, to: SimNode) => boolean;

/** Who hears whom, by shape; nodes are shuffled first. */
const shapes: Readonly<Record<string, (nodes: readonly SimNode[], nemesis: Nemesis) => Hears>> = {
  /** Two halves. */
  halves: (nodes) => {
    const half = new Set(nodes.slice(0, Math.floor(nodes.length / 2)));
    return (from, to) => half.has(from) === half.has(to);
  },
  /** Everybody alone. */
  nobody: () => () => false,
  /** Two halves with one node that hears both. */
  bridge: (nodes) => {
    const half = new Set(nodes.slice(0, Math.floor(nodes.length / 2)));
    const bridge = nodes.at(-1);
    return (from, to) => from === bridge || to === bridge || half.has(from) === half.has(to);
  },
  /** Each hears its neighbours. */
  ring: (nodes) => (from, to) => {
    const distance = Math.abs(nodes.indexOf(from) - nodes.indexOf(to));
    return distance === 1 || distance === nodes.length - 1;
  },
  /** The leader and one other against the rest. */
  "leader plus one": (nodes, nemesis) => {
    const leader = nemesis.leader() ?? nodes[0];
    const other = nodes.find((node) => node !== leader);
    const pair = new Set([leader, other]);
    return (from, to) => pair.has(from) === pair.has(to);
  },
  "leader alone": (nodes, nemesis) => {
    const leader = nemesis.leader() ?? nodes[0];
    return (from, to) => from !== leader && to !== leader;
  },
  /** The leader speaks and hears nothing. */
  "leader deaf": (nodes, nemesis) => {
    const leader = nemesis.leader() ?? nodes[0];
    return (_from, to) => to !== leader;
  },
  "leader mute": (nodes, nemesis) => {
    const leader = nemesis.leader() ?? nodes[0];
    return (from) => from !== leader;
  },
  "one way at random": (_nodes, nemesis) => {
    const deaf = new Map<string, boolean>();
    return (from, to) => {
      const link = `${from.name}>${to.name}`;
      if (!deaf.has(link)) deaf.set(link, nemesis.prng.chance(0.4));
      return deaf.get(link) === false;
    };
  },
};

export function drawPartition(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const shape = pick(prng, Object.keys(shapes));
  const ms = electionTimeout * pick(prng, [0.5, 1.5, 3, 8]);
  return { at, kind: "partition", text: `partition "${shape}" for ${ms.toFixed(0)} ms`, strike: (nemesis) => partition(nemesis, shape, ms) };
}

export function drawFlapping(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const shape = pick(prng, Object.keys(shapes));
  const everyMs = electionTimeout * pick(prng, [0.2, 0.7, 1.3]);
  const rounds = prng.integer(3, 10);
  return {
    at, kind: "flapping", text: `partition "${shape}" comes and goes ${rounds} times, every ${everyMs.toFixed(0)} ms`,
    strike: (nemesis) => {
      for (let round = 0; round < rounds; round += 1) nemesis.after(2 * round * everyMs, () => partition(nemesis, shape, everyMs));
    },
  };
}

/** Answers of heartbeats come late, though not never. */
export function drawSlowLinks(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const extraMs = electionTimeout * pick(prng, [0.1, 0.5, 1.2]);
  const ms = electionTimeout * prng.integer(1, 8);
  const direction = pick(prng, ["to", "from", "both"]);
  return {
    at, kind: "slow links", text: `links ${direction} one node take ${extraMs.toFixed(0)} ms more for ${ms.toFixed(0)} ms`,
    strike: (nemesis) => {
      const node = nemesis.victim();
      if (node === undefined) return;
      nemesis.world.count("slow links");
      const set = (extra: number): void => {
        for (const other of nemesis.nodes) {
          if (direction !== "from") nemesis.world.links.slow(other.name, node.name, extra);
          if (direction !== "to") nemesis.world.links.slow(node.name, other.name, extra);
        }
      };
      set(extraMs);
      nemesis.after(ms, () => set(0));
    },
  };
}

/** The cluster goes on without its leader, and the clients do not notice: who reads there must not be served (H22). */
export function drawDeposedLeader(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const ms = electionTimeout * pick(prng, [1.5, 3, 6]);
  const how = pick(prng, ["cut off from its peers", "paused", "paused and cut off", "paused and cut off"] as const);
  return {
    at, kind: "deposed leader", text: `the leader is ${how} for ${ms.toFixed(0)} ms, its clients stay`,
    strike: (nemesis) => {
      const leader = nemesis.leader();
      if (leader === undefined) return;
      if (how !== "paused") nemesis.isolate(leader, 1.2 * ms, "deposed, with its clients");
      if (how !== "cut off from its peers") nemesis.pause(leader, ms, "deposed");
    },
  };
}

/** A vote that is given arrives when its candidate has moved on. */
export function drawLateVotes(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const point = pick(prng, ["answer.preVote.granted", "answer.preVote.granted", "answer.requestVote.granted"]);
  const extraMs = electionTimeout * pick(prng, [0.8, 1.3, 2.5]);
  return {
    at, kind: "late votes", text: `the leader is cut off, and from ${point} on one node's answers take ${extraMs.toFixed(0)} ms more`,
    strike: (nemesis) => {
      const { links } = nemesis.world;
      nemesis.world.count("late votes");
      nemesis.arm({
        point, count: 1,
        strike: (node) => {
          const set = (extra: number): void => nemesis.nodes.forEach((other) => links.slow(node.name, other.name, extra));
          set(extraMs);
          nemesis.after(3 * electionTimeout, () => set(0));
        },
      });
      const leader = nemesis.leader();
      if (leader !== undefined) nemesis.isolate(leader, 5 * electionTimeout, "votes come late");
    },
  };
}

function partition(nemesis: Nemesis, shape: string, ms: number): void {
  const nodes = shuffled(nemesis.nodes, nemesis.prng);
  if (nodes.length < 2) return;
  nemesis.cut(shapes[shape]!(nodes, nemesis), ms, shape);
}

function shuffled<T>(items: readonly T[], prng: Prng): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = prng.integer(0, last);
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}
