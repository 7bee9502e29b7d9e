// What a node says of itself when somebody wants to know why the cluster does not work: everything that an election or a write depends on, as it is,
// without a judgement. From a running daemon (the admin method `diagnose`) or, as far as a disk can tell, from the directory of a stopped one.

export interface NodeFacts {
  source: "live" | "directory";
  clusterId: string;
  /** Goes up when the cluster was recovered from the loss of its quorum; a lower one is fenced out. */
  clusterIncarnation: number;
  nodeId: string;
  name: string;
  incarnation: number;
  version: string;
  protocol: number;
  dataFormat: number;
  dataDir: string;
  /** How it believes that others reach it; null when only a running daemon would know. */
  addresses: { peer: string; client: string } | null;
  /** null in a directory. */
  electionTimeoutMs: number | null;
  /** By its own configuration; what the cluster knows stands in the membership. */
  masterEligible: boolean;
  /** null in a directory. */
  process: ProcessFacts | null;
  disk: DiskFacts;
  raft: RaftFacts;
  /** Every member but this one is knocked at, and this node's own advertised address too. Empty in a directory. */
  peers: PeerFacts[];
  warnings: { code: string; message: string }[];
}

export interface ProcessFacts {
  pid: number;
  state: string;
  uptimeMs: number;
  eventLoopLagP99Ms: number;
  /** Milliseconds since 1970, when these facts were handed out. */
  wallClockMs: number;
  /** By how much the wall clock has moved against the monotonic one since the start: set by somebody, or the machine slept. */
  wallClockJumpMs: number;
  /** Of a node that is not a member yet. */
  join: { stage: string; error: { code: string; message: string } | null } | null;
}

export interface DiskFacts {
  fsyncP99Ms: number | null;
  /** How long the oldest write has been waiting for the disk. */
  pendingMs: number | null;
  /** Full: entries are refused. */
  readOnly: boolean;
}

export interface RaftFacts {
  /** null in a directory; "halted" when its state differs. */
  role: string | null;
  term: number;
  votedFor: string | null;
  /** Whom it follows or is. */
  leader: string | null;
  /** Since the last message of the leader; 0 on the leader. */
  lastContactMs: number | null;
  lastTerm: number;
  lastIndex: number;
  commitIndex: number;
  /** null in a directory: the state is not opened. */
  lastApplied: number | null;
  snapshotIndex: number;
  /** Answers in its latest election; null while it knows a leader. */
  votes: { granted: string[]; refused: string[]; missing: string[]; needed: number[] } | null;
  membershipIndex: number;
  membership: MembershipFacts;
  /** It was told by others that it was removed, at this index; null when not, and in a directory. */
  removedAt: number | null;
  /** It has halted, because its state is not that of the others; null when not, and in a directory. */
  divergence: DivergenceFacts | null;
}

export interface DivergenceFacts {
  /** The first checkpoint at which it was found; null when it is not told. */
  index: number | null;
  message: string;
}

export interface MembershipFacts {
  voters: string[];
  /** Not empty while joint. */
  votersOutgoing: string[];
  learners: string[];
  members: { id: string; name: string; peerAddress: string; clientAddress: string; incarnation: number; masterEligible: boolean }[];
}

export interface PeerFacts {
  id: string;
  /** Where this node looks for it. */
  address: string;
  /** The connection that Raft uses; null when it was never needed. */
  link: { state: "connected" | "connecting" | "closed"; lastError: string | null; rttMs: number | null } | null;
  /** A handshake with whoever listens there, just now. */
  knock: Knock;
  /** On the leader: since the last answer. */
  lastContactMs: number | null;
  /** On the leader. */
  matchIndex: number | null;
  replication: string | null;
}

export type Knock =
  | { ok: true; nodeId: string; name: string; clusterId: string | null; incarnation: number; ms: number }
  | { ok: false; code: string; message: string };
