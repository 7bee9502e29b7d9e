// Who looks for members that have moved: only as long as nobody leads, only members of the own cluster, and not after the end.

import { expect, test } from "vitest";
import { defer } from "../../../src/base/deferred.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { DiscoveredNode } from "../../../src/daemon/discovery/discovery.ts";
import { Rediscovery, type RediscoveryOptions } from "../../../src/daemon/discovery/rediscovery.ts";
import type { ProbedPeer } from "../../../src/host/transport.ts";
import { idOf } from "../../host/support/members.ts";
import { VirtualClock } from "../../host/support/virtual-clock.ts";

const ours = "a".repeat(32);
const nodesAt = (...addresses: string[]): DiscoveredNode[] => addresses.map((address) => ({ address, regions: undefined }));
const peerAt = (id: number, clusterId: string | undefined): ProbedPeer => ({ nodeId: idOf(id), name: `n${id}`, clusterId, clusterIncarnation: 1, incarnation: 1, regions: [] });

function searching(changes: Partial<RediscoveryOptions> = {}) {
  const clock = new VirtualClock();
  const found: string[] = [];
  const knocked: string[] = [];
  const search = new Rediscovery({
    clusterId: ours, clock, logger: silentLogger, intervalMs: 1_000, timeoutMs: 100,
    lookup: async () => nodesAt("new:2", "silent:1", "strange:1", "forming:1"),
    probe: async (address) => {
      knocked.push(address);
      if (address === "silent:1") throw new Error("no answer");
      return address === "new:2" ? peerAt(2, ours) : peerAt(3, address === "strange:1" ? "b".repeat(32) : undefined);
    },
    hasLeader: () => false,
    onFound: (id, address) => void found.push(`${id} at ${address}`),
    ...changes,
  });
  search.start();
  return { clock, found, knocked, search };
}

test("as long as nobody leads, members of this cluster are recognised where the source names them, and nobody else (S16, S91)", async () => {
  const { clock, found, knocked } = searching();
  await clock.advance(999);
  expect(knocked).toEqual([]);
  await clock.advance(1);
  expect(found).toEqual(["2 at new:2"]);
  await clock.advance(1_000);
  expect(found).toEqual(["2 at new:2", "2 at new:2"]);
});

test("with a leader nobody is looked for, and again when it is gone", async () => {
  let leader = true;
  let looks = 0;
  const { clock, found } = searching({
    hasLeader: () => leader,
    lookup: async () => {
      looks += 1;
      return nodesAt("new:2");
    },
  });
  await clock.advance(10_000);
  expect([looks, found]).toEqual([0, []]);
  leader = false;
  await clock.advance(1_000);
  expect([looks, found]).toEqual([1, ["2 at new:2"]]);
});

test("a source that cannot be read is looked at again", async () => {
  let looks = 0;
  const { clock, found } = searching({
    lookup: async () => {
      looks += 1;
      if (looks === 1) throw new Error("no name server");
      return nodesAt("new:2");
    },
  });
  await clock.advance(2_000);
  expect(found).toEqual(["2 at new:2"]);
});

test("after the end no timer is left, nobody is knocked at and nothing is told, also by a look that was under way", async () => {
  const list = defer<DiscoveredNode[]>();
  const looking = searching({ lookup: () => list.promise });
  await looking.clock.advance(1_000);
  looking.search.stop();
  list.resolve(nodesAt("new:2"));
  await looking.clock.advance(5_000);
  expect([looking.knocked, looking.found, looking.clock.armed]).toEqual([[], [], []]);
  const answer = defer<ProbedPeer>();
  const knocking = searching({ probe: () => answer.promise });
  await knocking.clock.advance(1_000);
  knocking.search.stop();
  answer.resolve(peerAt(2, ours));
  await knocking.clock.advance(5_000);
  expect([knocking.found, knocking.clock.armed]).toEqual([[], []]);
  const waiting = searching();
  waiting.search.stop();
  expect(waiting.clock.armed).toEqual([]);
});
