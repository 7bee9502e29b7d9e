// What the log says of the core's events: what an operator should see, and the rest for whoever debugs.

import type { Logger } from "../base/logger.ts";
import type { RaftEvent } from "../raft/ready.ts";

export function logEvent(logger: Logger, event: RaftEvent): void {
  const { kind, ...fields } = event;
  if (kind === "peerRegressed") logger.error(fields, "a member holds less than it has acknowledged: its disk was rolled back; it gets nothing until it joins anew");
  else if (kind === "peerClockTooFast") logger.warn(fields, "the clock of a member runs faster than ours by more than raft.clockDriftPercent: its pledges do not count, lease reads may cost a round of heartbeats");
  else if (kind === "roleChanged" || kind === "leaderChanged") logger.info(fields, kind === "roleChanged" ? "the role of this node changed" : "the leader changed");
  else logger.debug(fields, kind);
}
