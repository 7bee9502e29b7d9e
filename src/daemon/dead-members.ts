// The removal of dead members, as this node is configured: nothing at all unless membership.reapAfter is set.

import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/schema.ts";
import type { MemberChange } from "../host/member-change.ts";
import { Reaping } from "../host/reaping.ts";
import type { Raft } from "../host/region.ts";
import type { RaftStatus } from "../raft/status.ts";

export function startReaping({ membership, raft: { electionTimeout } }: Config, node: { readonly raft: Raft; readonly memberChange: MemberChange; readonly clock: Clock; readonly logger: Logger }): Reaping | undefined {
  const { reapAfter, minVoters } = membership;
  if (reapAfter === undefined) return undefined;
  const { raft, memberChange, clock, logger } = node;
  const status = (): RaftStatus | undefined => (raft.divergence === undefined ? raft.core.status() : undefined);
  const reaping = new Reaping({ status, change: (change) => memberChange.change(change), clock, logger, reapAfterMs: reapAfter, minVoters, electionTimeout });
  reaping.start();
  return reaping;
}
