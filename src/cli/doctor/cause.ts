// The causes that the doctor knows, with ids that scripts may rely on, in the order in which they are named when several are as bad: what lies
// deeper comes first. docs/doctor.md explains each of them, and a test holds the two together.

export const causeIds = [
  "directory-damaged", "wiped-disk", "state-diverged", "split-brain", "different-clusters", "fenced-out", "tls-mismatch", "version-mismatch", "duplicate-id", "duplicate-address", "wrong-address",
  "process-paused", "partition", "asymmetric-partition", "no-eligible-candidate", "configurations-differ", "quorum-lost", "node-unreachable", "node-down", "nodes-stopped",
  "disk-full", "disk-slow", "event-loop-late", "removed-node", "forming", "not-admitted", "clock-wrong", "election-blocked", "election-under-way",
] as const;

export type CauseId = (typeof causeIds)[number];

/** outage: nothing is decided because of it, or no write is. degraded: the cluster works with less than it should. */
export type Severity = "outage" | "degraded";

export interface Action {
  /** What to do, in one sentence. */
  readonly text: string;
  /** The command that does it; null when no command can. */
  readonly command: string | null;
}

export interface Cause {
  readonly id: CauseId;
  readonly severity: Severity;
  /** A directory or a state is damaged: exit 13. */
  readonly damage: boolean;
  /** Names of the nodes that it is about. */
  readonly nodes: readonly string[];
  readonly summary: string;
  readonly evidence: readonly string[];
  readonly actions: readonly Action[];
}

export function isCauseId(text: string): text is CauseId {
  return (causeIds as readonly string[]).includes(text);
}
