// What one node remembers of the moments of an entry (N10). Plain values. Times are ms since the entry was appended on that node, on its clock: those of different
// nodes begin at different moments and are not compared.

export interface EntryTraceReport {
  /** Of the node that answers. */
  name: string;
  /** Of the entry; null when there is none here, or only the snapshot that stands in for it. */
  term: number | null;
  /** What is remembered begins with this index: above `lastIndex` when that is nothing. */
  firstRemembered: number;
  /** Of its log. */
  lastIndex: number;
  /** null: forgotten, or no such entry here. */
  moments: EntryMomentsReport | null;
}

export interface EntryMomentsReport {
  /** null, also below: not yet. */
  durableMs: number | null;
  /** When this node knew it. */
  committedMs: number | null;
  appliedMs: number | null;
  /** Of the node that appended it as the leader, null of every other: when it knew that the entry was durable on each of them. */
  members: AcknowledgingMember[] | null;
}

export interface AcknowledgingMember {
  name: string;
  role: "voter" | "learner";
  acknowledgedMs: number | null;
}
