// A leadership transfer to a target that lags behind, interrupted after each single message: whoever asked is answered, and there is one leader.

import { expect, test } from "vitest";
import { Cluster } from "./harness/cluster.ts";
import { idOf } from "./harness/members.ts";

const electionTimeout = 100;

const interruptions: Record<string, (cluster: Cluster) => void> = {
  "one message is lost": () => undefined,
  "the target crashes": (cluster) => cluster.crash("n3"),
  "the target is cut off": (cluster) => cluster.isolate("n3"),
  "the old leader crashes": (cluster) => cluster.crash("n1"),
  "the old leader is cut off": (cluster) => cluster.isolate("n1"),
};

/** Three entries ahead of n3. */
function founded(): Cluster {
  const cluster = new Cluster(["n1", "n2", "n3"], { options: () => ({ appendBytesMax: 2 }) });
  cluster.elect("n1");
  cluster.isolate("n3");
  for (const text of ["aa", "bb", "cc"]) cluster.propose("n1", text);
  cluster.advance(20);
  cluster.heal();
  return cluster;
}

const transfer = (cluster: Cluster): number => cluster.ask("n1", (ticket) => ({ kind: "transferLeadership", ticket, target: idOf("n3") }));

function undisturbed(): number {
  const cluster = founded();
  const before = cluster.sent.length;
  transfer(cluster);
  cluster.advance(30);
  expect(cluster.leaders).toEqual(["n3"]);
  return cluster.sent.length - before;
}

function interruptedAfter(steps: number, how: string): { readonly cluster: Cluster; readonly ticket: number } {
  const cluster = founded();
  let left = steps;
  cluster.drops = () => {
    left -= 1;
    if (left === -1) interruptions[how]!(cluster);
    return left === -1;
  };
  const ticket = transfer(cluster);
  cluster.advance(30);
  return { cluster, ticket };
}

test.each(Object.keys(interruptions))("a transfer that is interrupted after each of its messages ends in time, with one leader that commits: %s (H31)", (how) => {
  const steps = undisturbed();
  expect(steps).toBeGreaterThan(10);
  const outcomes = new Set<string>();
  for (let step = 0; step < steps; step += 1) {
    const { cluster, ticket } = interruptedAfter(step, how);
    cluster.advance(2 * electionTimeout);
    // Who lives to hear of it is told, once, whatever came of it.
    const answers = cluster.answersTo("n1", ticket);
    if (cluster.server("n1").up) expect(answers).toHaveLength(1);
    outcomes.add(answers[0]?.kind ?? "nobody was told");
    cluster.advanceUntil(() => {
      for (const leader of cluster.leaders) cluster.propose(leader, "on");
      return cluster.checker.commitIndex > 7;
    }, 5 * electionTimeout);
    cluster.heal();
    for (const name of cluster.servers.keys()) if (!cluster.server(name).up) cluster.restart(name);
    cluster.advanceUntil(() => cluster.leaders.length === 1 && new Set([...cluster.servers.values()].map(({ node }) => node.lastApplied)).size === 1);
    cluster.checker.logs();
  }
  expect(outcomes.size).toBeGreaterThan(1);
});
