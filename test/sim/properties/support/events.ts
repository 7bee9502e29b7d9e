// What the core tells, as a test needs it.

import type { RaftEvent } from "../../../../src/raft/ready.ts";

export function elected(term: number): RaftEvent {
  return { kind: "roleChanged", role: "leader", term, reason: "won the election" };
}

export function steppedDown(term: number): RaftEvent {
  return { kind: "roleChanged", role: "follower", term, reason: "a newer term" };
}

export function truncated(fromIndex: number): RaftEvent {
  return { kind: "logTruncated", fromIndex };
}
