// What watches the membership sleeps while there is nothing to watch (S22).

import { expect, test } from "vitest";
import { globalRegion } from "../../src/base/ids.ts";
import { CatchUpWatch } from "../../src/host/catch-up-watch.ts";
import { Replacing } from "../../src/host/replacing.ts";
import { StandingCheck } from "../../src/host/standing-check.ts";
import { Vigil } from "../../src/host/vigil.ts";
import { AdministeredCluster } from "./support/administration.ts";
import { electionTimeout } from "./support/cluster.ts";
import { member } from "./support/members.ts";
import { VirtualClock } from "./support/virtual-clock.ts";

async function watched(): Promise<AdministeredCluster> {
  const world = await AdministeredCluster.led();
  const { cluster, logger } = world;
  for (const node of cluster.nodes) {
    const { raft, gateway, id } = node;
    const clock = cluster.clockOf(node);
    cluster.watch(node, new CatchUpWatch(clock, () => raft.core.status()));
    cluster.watch(node, new Replacing({ raft, memberChange: world.memberChange(node), clock, logger, intervalMs: electionTimeout / 2 }));
    cluster.watch(node, new StandingCheck({
      raft, gateway, network: cluster.hub.networkOf(id).forGroup(globalRegion), clock, logger, electionTimeout, admittedAt: () => 0,
      others: () => cluster.nodes.map((each) => each.id), self: () => member(Number(id)), onTakenBack: () => undefined,
    }));
  }
  return world;
}

test("on an idle follower nothing but its election deadline arms a timer, also with all that watches the membership (S22)", async () => {
  const { cluster } = await watched();
  const follower = cluster.followers[0]!;
  await cluster.clock.advance(electionTimeout);
  const before = follower.timersArmed;
  await cluster.clock.advance(20 * electionTimeout);
  expect(follower.timersArmed - before).toBeLessThanOrEqual(20);
  cluster.stop();
});

test("how fast a member catches up is known after a change of leader, from the new leader", async () => {
  const { cluster } = await watched();
  const first = cluster.leader;
  cluster.crash(first);
  await cluster.elect(cluster.nodes.filter((node) => node !== first));
  const watch = cluster.leader.upkeep[0] as CatchUpWatch;
  expect(watch.estimateOf(first.id)).toBeUndefined();
  await cluster.clock.advance(5_000);
  expect(watch.estimateOf(first.id)).toEqual({ entriesPerSecond: 0, etaMs: undefined });
  cluster.stop();
});

test("a vigil looks in a later turn when it is woken, goes on for as long as there is reason to, and never after it was stopped", async () => {
  const clock = new VirtualClock();
  const looks: number[] = [];
  const vigil = new Vigil(clock, 100, () => {
    looks.push(clock.now());
    return looks.length < 3;
  });
  await clock.advance(500);
  vigil.wake();
  vigil.wake();
  expect(looks).toEqual([]);
  const began = clock.now();
  await clock.advance(1_000);
  expect(looks.map((at) => at - began)).toEqual([0, 100, 200]);
  vigil.wake();
  vigil.stop();
  vigil.wake();
  await clock.advance(1_000);
  expect(looks).toHaveLength(3);
});
