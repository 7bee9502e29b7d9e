// A leader that goes hands leadership over first, so that nobody waits for an election.

import { toRaftctlError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Raft } from "../host/region.ts";

/** Whoever does not lead, or leads alone, has nothing to hand over. */
export async function handOver(raft: Raft | undefined, logger: Logger): Promise<void> {
  if (raft === undefined || raft.core.role !== "leader" || raft.core.membership.voters.length < 2) return;
  await raft.transferLeadership(undefined).catch((error: unknown) => logger.warn({ reason: toRaftctlError(error).message }, "leadership could not be handed over"));
}
