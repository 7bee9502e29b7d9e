// Disks that are slow, hang, fail, fill up, change a bit, or are gone.

import type { Prng } from "../../../src/base/prng.ts";
import { pick } from "../world/knobs.ts";
import type { PlannedFault } from "./fault.ts";
import { drawDownMs } from "./process-faults.ts";

/** One node's writes take up to several election timeouts. */
export function drawSlowDisk(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const writeMs = electionTimeout * pick(prng, [0.2, 0.8, 2]);
  const ms = electionTimeout * prng.integer(2, 10);
  return {
    at, kind: "slow disk", text: `durable writes of one node take up to ${writeMs.toFixed(0)} ms for ${ms.toFixed(0)} ms`,
    strike: (nemesis) => {
      const node = nemesis.victim();
      if (node === undefined) return;
      nemesis.world.count("slow disk");
      const { conditions } = node.disk;
      const usual = conditions.durableMs;
      conditions.durableMs = () => nemesis.prng.next() * writeMs;
      nemesis.after(ms, () => (conditions.durableMs = usual));
    },
  };
}

/** No write of this node ends for a while (H46). */
export function drawStall(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const ms = electionTimeout * pick(prng, [0.5, 1.5, 4]);
  return {
    at, kind: "stall", text: `the disk of the leader or anybody hangs for ${ms.toFixed(0)} ms`,
    strike: (nemesis) => {
      const node = nemesis.victim();
      if (node === undefined) return;
      nemesis.world.count("disk stall");
      node.disk.conditions.stalledUntil = nemesis.world.stage.now + ms;
    },
  };
}

/** The process must end, and what it acknowledged must be there when it comes back (H43). */
export function drawFailingWrite(_prng: Prng, at: number): PlannedFault {
  return {
    at, kind: "failing fsync", text: "the next durable write of the leader or anybody fails with EIO",
    strike: (nemesis) => {
      const node = nemesis.victim();
      if (node === undefined) return;
      nemesis.world.count("failing fsync");
      node.disk.conditions.failNext = "EIO";
    },
  };
}

export function drawFullDisk(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const bytes = prng.integer(0, 20_000);
  const ms = electionTimeout * prng.integer(1, 10);
  return {
    at, kind: "full disk", text: `the disk of the leader or anybody has ${bytes} bytes left for ${ms.toFixed(0)} ms`,
    strike: (nemesis) => {
      const node = nemesis.victim();
      if (node !== undefined) nemesis.fillDisk(node, bytes, ms);
    },
  };
}

/** Somebody else takes the space between the look at what is free and the use of it (H45). */
export function drawSpaceTaken(_prng: Prng, at: number, electionTimeout: number): PlannedFault {
  return {
    at, kind: "full disk", text: "the next disk that makes a segment is filled by others in the middle of it",
    strike: (nemesis) => nemesis.arm({ point: "disk.allocate.wal", count: 1, strike: (node) => nemesis.fillDisk(node, 0, electionTimeout) }),
  };
}

/** While it is down. It must refuse to start, or lose nothing (H42). */
export function drawBitFlip(prng: Prng, at: number, electionTimeout: number): PlannedFault {
  const area = pick(prng, ["wal", "wal", "snapshots", "boots"] as const);
  const downMs = drawDownMs(prng, electionTimeout);
  return {
    at, kind: "bit flip", text: `one bit in ${area} of one node changes while it is down`,
    strike: (nemesis) => {
      const node = nemesis.victim();
      if (node === undefined || !nemesis.world.mayLoseDisk(node)) return;
      nemesis.crash(node, "powerLoss", downMs, "a bit of its disk changes");
      const flipped = node.disk.flipBit(area);
      if (flipped === undefined) return;
      node.damaged = true;
      nemesis.world.count("bit flip");
      nemesis.trace("bit flip", `${node.name} ${flipped}`);
    },
  };
}

/** The machine is gone for good; an operator removes it and another one takes its place. */
export function drawLostMachine(_prng: Prng, at: number): PlannedFault {
  return {
    at, kind: "lost machine", text: "one machine is lost for good and is replaced",
    strike: (nemesis) => {
      const node = nemesis.victim();
      if (node === undefined || !nemesis.world.mayLoseDisk(node)) return;
      nemesis.world.count("lost machine");
      nemesis.world.operator.replace(node);
    },
  };
}
