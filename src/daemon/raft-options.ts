// The options of the core of the daemon's region, from its configuration and from what its directory remembers.

import { Prng } from "../base/prng.ts";
import type { Config } from "../config/schema.ts";
import type { RaftOptions } from "../raft/options.ts";
import type { NodeStorage } from "./node-storage.ts";

/** Of entries handed to the state machine at once. */
const applyBytesMax = 256 * 1024;

export function raftOptions({ raft, masterEligible }: Config, { identity, pledgedMs }: Pick<NodeStorage, "identity" | "pledgedMs">, seed: number): RaftOptions {
  const { leaseReads, clockDriftPercent, ...timingAndLimits } = raft;
  return {
    ...timingAndLimits, id: identity.nodeId, masterEligible, prng: new Prng(seed), applyBytesMax, pledgedMs,
    leaseReads: leaseReads ? { driftMax: clockDriftPercent / 100 } : undefined,
  };
}
