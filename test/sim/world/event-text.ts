// An event of the core in one line of the trace.

import { unreachable } from "../../../src/base/assert.ts";
import type { RaftEvent } from "../../../src/raft/ready.ts";

export function describeEvent(event: RaftEvent): string {
  switch (event.kind) {
    case "roleChanged": return `${event.role} of term ${event.term}: ${event.reason}`;
    case "leaderChanged": return event.leader === undefined ? `no leader in term ${event.term}` : `n${event.leader} leads term ${event.term}`;
    case "membershipAppended": return `at index ${event.index}`;
    case "membershipCommitted": return `at index ${event.index}`;
    case "logTruncated": return `from index ${event.fromIndex}`;
    case "peerClockTooFast": return `the clock of n${event.peer} runs too fast`;
    case "peerRegressed": return `n${event.peer} acknowledged ${event.acknowledged} and has ${event.lastLogIndex}`;
    default: return unreachable(event);
  }
}
