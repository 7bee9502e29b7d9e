// Elections from nothing, many times over, on a network that takes time: split votes happen, and end within a few rounds.

import { describe, expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { Cluster } from "./harness/cluster.ts";
import { idOf } from "./harness/members.ts";

const electionTimeout = 100;
const seven = ["n1", "n2", "n3", "n4", "n5", "n6", "n7"];
const five = seven.slice(0, 5);

/** Every message takes `delay` ms; whoever starts draws its timeouts from a chance of its own. */
function started(names: readonly string[], seed: number, delay: number): Cluster {
  const cluster = new Cluster(names, { options: (name) => ({ prng: new Prng(seed * 100 + Number(idOf(name))) }) });
  const dueAt: number[] = [];
  cluster.holds = () => dueAt.push(cluster.now + delay) > 0;
  const advance = cluster.advance.bind(cluster);
  cluster.advance = (duration: number): void => {
    for (let passed = 0; passed < duration; passed += 1) {
      advance(1);
      const due = dueAt.filter((time) => time <= cluster.now).length;
      dueAt.splice(0, due);
      cluster.queue.push(...cluster.held.splice(0, due));
      cluster.settle();
    }
  };
  return cluster;
}

test("seven servers that start at once agree on a leader within five election timeouts, a hundred times, most within two (H6)", () => {
  const times = Array.from({ length: 100 }, (_, seed) => {
    const cluster = started(seven, seed + 1, 5);
    return cluster.advanceUntil(() => cluster.leaders.length === 1 && cluster.node(cluster.leaders[0]!).termCommitted, 10 * electionTimeout);
  }).toSorted((left, right) => left - right);
  expect(times[98]).toBeLessThan(5 * electionTimeout);
  expect(times[50]).toBeLessThan(2 * electionTimeout);
});

describe("after a cut that leaves somebody with a majority, there is a leader that commits within ten election timeouts (H5)", () => {
  const pairs = (names: readonly string[]): [string, string][] => names.flatMap((left) => names.filter((right) => left < right).map((right): [string, string] => [left, right]));
  const cuts: Record<string, (cluster: Cluster) => void> = {
    "the leader is gone and the others see each other": (cluster) => cluster.crash("n1"),
    "the leader is heard by all and hears nobody": (cluster) => {
      for (const other of five.slice(1)) cluster.cutOneWay(other, "n1");
    },
    "the leader hears all and is heard by nobody": (cluster) => {
      for (const other of five.slice(1)) cluster.cutOneWay("n1", other);
    },
    "the leader and one follower see each other, and that one sees the rest": (cluster) => cluster.connectOnly([["n1", "n2"], ...pairs(five.slice(1))]),
    "a bridge: n3 alone sees both sides": (cluster) => cluster.connectOnly([...pairs(["n1", "n2", "n3"]), ...pairs(["n3", "n4", "n5"])]),
    "a ring": (cluster) => cluster.connectOnly([["n1", "n2"], ["n2", "n3"], ["n3", "n4"], ["n4", "n5"], ["n1", "n5"]]),
  };
  test.each(Object.keys(cuts))("%s", (name) => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const cluster = started(five, seed, 2);
      cluster.advance(20);
      cluster.input("n1", { kind: "campaign" });
      cluster.advanceUntil(() => cluster.leaders.length === 1 && cluster.node("n1").termCommitted);
      cluster.advance(50);
      const before = cluster.checker.commitIndex;
      cuts[name]!(cluster);
      let count = 0;
      const committed = (): boolean => {
        count += 1;
        for (const leader of cluster.leaders) if (count % 4 === 0) cluster.propose(leader, `v${count}`);
        // More than n1 could have had on its way when it was cut off.
        return cluster.checker.commitIndex >= before + 5;
      };
      expect(cluster.advanceUntil(committed, 10 * electionTimeout)).toBeLessThanOrEqual(10 * electionTimeout);
    }
  });
});
