// Followers that fall behind what the leader remembers, and what happens while they get a snapshot (Figure 13; H33, H34, H41).

import type { Prng } from "../../../src/base/prng.ts";
import { pick } from "../world/knobs.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { PlannedFault } from "./fault.ts";
import type { Nemesis } from "./nemesis.ts";

const fates = ["isolate the leader", "isolate the follower", "pause the follower", "crash the leader", "crash the follower", "transfer", "slow and alone", "another leader", "full disk"] as const;
type Fate = (typeof fates)[number];

const points = ["send.installSnapshot", "answer.installSnapshot", "install.begin", "disk.sync.snapshots", "disk.rename.snapshots.done"];
/** Some of them matter at one moment only. */
const moments: Partial<Record<Fate, { readonly point: string; readonly count: number }>> = {
  "slow and alone": { point: "disk.sync.snapshots", count: 1 },
  "another leader": { point: "install.begin", count: 1 },
  "full disk": { point: "install.begin", count: 1 },
};

export function drawInstallTrouble(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const fate = pick(prng, fates);
  const { point = pick(prng, points), count = pick(prng, [1, 1, 2, 4]) } = moments[fate] ?? {};
  const ms = electionTimeout * pick(prng, [0, 0.5, 1.5, 3]);
  return {
    at, kind: "install trouble", text: `a follower falls behind a snapshot; then at ${point}, number ${count}: ${fate}, for ${ms.toFixed(0)} ms`,
    strike: (nemesis) => {
      const leader = nemesis.leader();
      const follower = nemesis.nodes.find((node) => node !== leader && node.up);
      if (leader === undefined || follower === undefined) return;
      nemesis.isolate(follower, 3 * electionTimeout, "falls behind");
      forgetLogs(nemesis, 2.8 * electionTimeout);
      nemesis.after(2.9 * electionTimeout, () => nemesis.arm({ point, count, strike: () => hit(nemesis, { follower, fate, ms }) }));
    },
  };
}

/** A leader that slept wakes up with the requests of its clients, and the others have forgotten the log in which their entries would be (H20). */
export function drawOvertakenLeader(_prng: Prng, at: number, electionTimeout: number): PlannedFault {
  return {
    at, kind: "install trouble", text: "the leader sleeps through an election, and wakes up behind a snapshot",
    strike: (nemesis) => {
      const leader = nemesis.leader();
      if (leader === undefined) return;
      nemesis.pause(leader, 2.6 * electionTimeout, "overtaken");
      forgetLogs(nemesis, 2.4 * electionTimeout);
    },
  };
}

function forgetLogs(nemesis: Nemesis, ms: number): void {
  nemesis.world.count("install trouble");
  nemesis.after(ms, () => nemesis.nodes.forEach(({ process }) => void process?.raft.takeSnapshot().catch(() => undefined)));
}

function hit(nemesis: Nemesis, { follower, fate, ms }: { follower: SimNode; fate: Fate; ms: number }): void {
  const { electionTimeout } = nemesis;
  const leader = nemesis.leader() ?? follower;
  switch (fate) {
    case "isolate the leader": return nemesis.isolate(leader, ms, "sends a snapshot");
    case "isolate the follower": return nemesis.isolate(follower, ms, "gets a snapshot");
    case "pause the follower": return nemesis.pause(follower, ms, "gets a snapshot");
    case "crash the leader": return nemesis.crash(leader, "kill", ms, "sends a snapshot");
    case "crash the follower": return nemesis.crash(follower, "powerLoss", ms, "gets a snapshot");
    case "transfer": return nemesis.world.operator.transfer(leader, undefined);
    case "slow and alone":
      // Long enough that it asks for votes while the snapshot is on its way to its disk.
      follower.disk.conditions.stalledUntil = nemesis.world.stage.now + 2.5 * electionTimeout;
      return nemesis.isolate(follower, 4 * electionTimeout, "gets a snapshot on a slow disk");
    case "full disk": {
      const { conditions } = follower.disk;
      const taken = conditions.freeBytes;
      conditions.freeBytes = 0;
      follower.wasFull = true;
      return nemesis.world.stage.at(3 * electionTimeout, () => (conditions.freeBytes += taken));
    }
    case "another leader": {
      const { conditions } = follower.disk;
      const usual = conditions.durableMs;
      conditions.durableMs = () => nemesis.prng.next() * electionTimeout;
      nemesis.after(4 * electionTimeout, () => (conditions.durableMs = usual));
      return nemesis.crash(leader, "kill", electionTimeout, "sends a snapshot, and another one is elected");
    }
  }
}
