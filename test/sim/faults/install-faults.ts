// Followers that fall behind what the leader remembers, and what happens while they get a snapshot (Figure 13; H33, H34, H41).

import type { Prng } from "../../../src/base/prng.ts";
import { pick } from "../world/knobs.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { PlannedFault } from "./fault.ts";
import type { Nemesis } from "./nemesis.ts";

const fates = [
  "isolate the leader", "isolate the follower", "pause the follower", "crash the leader", "crash the follower", "transfer",
  "slow and alone", "slow and alone", "another leader", "another leader",
  "full disk", "full disk", "full disk",
] as const;
type Fate = (typeof fates)[number];

const anyMoment = ["send.installSnapshot", "answer.installSnapshot", "install.begin", "disk.sync.snapshots", "disk.rename.snapshots.done"];
/** Some of them matter at one moment only. */
const moments: Partial<Record<Fate, { readonly points: readonly string[]; readonly count: number }>> = {
  "slow and alone": { points: ["disk.sync.snapshots"], count: 1 },
  "another leader": { points: ["install.begin"], count: 1 },
  "full disk": { points: ["install.begin", "answer.installSnapshot"], count: 1 },
};

export function drawInstallTrouble(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const fate = pick(prng, fates);
  const moment = moments[fate] ?? { points: anyMoment, count: pick(prng, [1, 1, 2, 4]) };
  const point = pick(prng, moment.points);
  const { count } = moment;
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

/** Followers fall behind again and again, and each that begins to replace its log has no space for that (H45). */
export function drawInstallsWithoutSpace(_prng: Prng, at: number, electionTimeout: number): PlannedFault {
  return {
    at: at / 2, kind: "install trouble", text: "for a while one follower after the other falls behind a snapshot, and has no space when it installs it",
    strike: (nemesis) => {
      for (let round = 0; round < 5; round += 1) nemesis.after(3 * round * electionTimeout, () => fallBehind(nemesis, 1.5 * electionTimeout));
      const starve = (): void => nemesis.arm({ point: "install.begin", count: 1, strike: (node) => {
        nemesis.fillDisk(node, 0, 0.7 * electionTimeout);
        nemesis.after(0, starve);
      } });
      starve();
    },
  };
}

function fallBehind(nemesis: Nemesis, ms: number): void {
  const leader = nemesis.leader();
  const follower = nemesis.nodes.find((node) => node !== leader && node.up);
  if (leader === undefined || follower === undefined) return;
  nemesis.isolate(follower, ms, "falls behind");
  forgetLogs(nemesis, 0.9 * ms);
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
    case "full disk": return nemesis.fillDisk(follower, 0, 3 * electionTimeout);
    case "another leader": {
      const { conditions } = follower.disk;
      const usual = conditions.durableMs;
      conditions.durableMs = () => nemesis.prng.next() * electionTimeout;
      nemesis.after(4 * electionTimeout, () => (conditions.durableMs = usual));
      return nemesis.crash(leader, "kill", electionTimeout, "sends a snapshot, and another one is elected");
    }
  }
}
