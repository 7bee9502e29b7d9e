// Followers that fall behind what the leader remembers, and what happens while they get a snapshot (Figure 13; H33, H34, H41).

import type { Prng } from "../../../src/base/prng.ts";
import { pick } from "../world/knobs.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { PlannedFault } from "./fault.ts";
import type { Nemesis } from "./nemesis.ts";

const fates = [
  "isolate the leader", "isolate the follower", "pause the follower", "crash the leader", "crash the follower", "transfer",
  "slow and alone", "slow and alone", "slow and deposed", "slow and deposed", "another leader", "another leader", "full disk",
] as const;
type Fate = (typeof fates)[number];

const anyMoment = ["send.installSnapshot", "answer.installSnapshot", "install.begin", "disk.sync.snapshots", "disk.rename.snapshots.done"];
/** Some of them matter at one moment only, and only where it is the follower's. */
const momentOf: Partial<Record<Fate, string>> = {
  "slow and alone": "disk.sync.snapshots", "slow and deposed": "disk.sync.snapshots", "another leader": "install.begin", "full disk": "answer.installSnapshot",
};

export function drawInstallTrouble(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const fate = pick(prng, fates);
  const moment = momentOf[fate];
  const point = moment ?? pick(prng, anyMoment);
  const count = moment === undefined ? pick(prng, [1, 1, 2, 4]) : 1;
  const ms = electionTimeout * pick(prng, [0, 0.5, 1.5, 3]);
  return {
    // What follows takes its time.
    at: 0.6 * at,
    kind: "install trouble", text: `a follower falls behind a snapshot; then at ${point}, number ${count}: ${fate}, for ${ms.toFixed(0)} ms`,
    strike: (nemesis) => {
      const leader = nemesis.leader();
      const follower = nemesis.nodes.find((node) => node !== leader && node.up);
      if (leader === undefined || follower === undefined) return;
      nemesis.isolate(follower, 3 * electionTimeout, "falls behind");
      // Another leader may still have the log that this one has forgotten.
      const whoForgets = fate === "another leader" ? () => nemesis.nodes.filter((node) => node === nemesis.leader()) : () => nemesis.nodes;
      forgetLogs(nemesis, 2.8 * electionTimeout, whoForgets);
      const strike = (): void => hit(nemesis, { follower, fate, ms });
      nemesis.after(2.9 * electionTimeout, () => (moment === undefined ? nemesis.arm({ point, count, strike }) : nemesis.armAt(follower, point, strike)));
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

/** What a follower waits for comes late, and before it does, its leader has given up on it and sends a snapshot (H33). */
export function drawNeedlessInstall(_prng: Prng, at: number, electionTimeout: number): PlannedFault {
  return {
    at, kind: "install trouble", text: "entries to one follower come late; the leader forgets them meanwhile, and sends a snapshot that is slow to store",
    strike: (nemesis) => {
      const leader = nemesis.leader();
      const follower = nemesis.nodes.find((node) => node !== leader && node.up);
      if (leader === undefined || follower === undefined) return;
      const { links } = nemesis.world;
      links.slow(leader.name, follower.name, 0.6 * electionTimeout);
      nemesis.after(0.2 * electionTimeout, () => links.slow(leader.name, follower.name, 0));
      forgetLogs(nemesis, 0.2 * electionTimeout, () => [leader]);
      const { conditions } = follower.disk;
      const usual = conditions.otherMs;
      conditions.otherMs = () => 0.4 * electionTimeout;
      nemesis.after(3 * electionTimeout, () => (conditions.otherMs = usual));
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

function forgetLogs(nemesis: Nemesis, ms: number, who = (): readonly SimNode[] => nemesis.nodes): void {
  nemesis.world.count("install trouble");
  nemesis.after(ms, () => who().forEach(({ process }) => void process?.raft.takeSnapshot().catch(() => undefined)));
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
    case "slow and deposed":
      // Long enough that another one leads when the snapshot is on its disk.
      follower.disk.conditions.stalledUntil = nemesis.world.stage.now + 2.5 * electionTimeout;
      return nemesis.crash(leader, "kill", 3 * electionTimeout, "sends a snapshot to a slow disk");
    case "full disk": return nemesis.fillDisk(follower, 0, 3 * electionTimeout);
    case "another leader": {
      follower.restoreMs = nemesis.prng.integer(1, 3) * electionTimeout;
      nemesis.world.stage.at(electionTimeout, () => (follower.restoreMs = undefined));
      // A term or a vote may be on its way to the disk when the state is there.
      const { conditions } = follower.disk;
      const usual = conditions.durableMs;
      conditions.durableMs = () => nemesis.prng.next() * electionTimeout;
      nemesis.after(4 * electionTimeout, () => (conditions.durableMs = usual));
      return nemesis.crash(leader, "kill", electionTimeout, "sends a snapshot, and another one is elected");
    }
  }
}
