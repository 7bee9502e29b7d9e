// What the npm package gives to programs: the client of a cluster, and `Raft`, a node with a state machine of the program's own. Loading it reaches no file, socket or
// package; the first connection of a client does (S28). Other doors: `raftctl/raft` (nodes alone, where there is no Node, and the consensus core below them),
// `raftctl/cluster` (whole clusters in one process, which bring the daemon with them), `raftctl/transport` and `raftctl/conformance/…` (for networks and storages
// of its own).

export { errorCodes, RaftctlError } from "./base/errors.ts";
export type { ErrorCode, ExitCode } from "./base/errors.ts";
export { Client } from "./client/client.ts";
export type { ClientHeader, ClientOptions } from "./client/client.ts";
export type { Admin, AdminMethod } from "./client/admin.ts";
export type { Address, Channel, Dial, ServerIdentity } from "./client/channel.ts";
export type { CallOptions } from "./client/deadline.ts";
export type { Bytes } from "./client/bytes.ts";
export type { KeyValue } from "./client/kv.ts";
export type { PagedQuery, PageQuery, RangeQuery, ReadOptions } from "./client/reads.ts";
export type { KeySelection, TxnComparison, TxnOperation, TxnOutcome, TxnReceipt, TxnRequest } from "./client/txn.ts";
export type { RequestOutcome, WriteOptions, WriteReceipt } from "./client/writes.ts";
export type { Leader } from "./client/leader.ts";
export { Lease } from "./client/lease.ts";
export type { Leases } from "./client/leases.ts";
export type { Sessions } from "./client/sessions.ts";
export type { Lock } from "./client/lock.ts";
export type { LockOptions } from "./client/turn.ts";
export type { ListedWatch } from "./client/list-and-watch.ts";
export type { Watch, WatchBatch, WatchOptions, WatchSelection } from "./client/watch.ts";
export type { WatchEvent } from "./wire/watch-events.ts";
export { parseRequestId, randomSessionId, requestId, Session, SessionPool } from "./client/session.ts";
export type { AdminMethods, HealthReport, MemberListReport, MemberReport, NodeStatus, RegionReport } from "./wire/admin-protocol.ts";
export type { LeaseDetails, LeaseReport } from "./wire/lease-reports.ts";
export type { SessionReport } from "./wire/session-reports.ts";
export type { Consistency, KeyValueRecord, ReadResponse } from "./wire/client-protocol.ts";
export type { CommandResult, PreviousRecord } from "./wire/command-result.ts";
export type { Condition, SessionStamp } from "./wire/command.ts";
export type { Relation } from "./wire/txn.ts";
export { jsonCodec, MemoryNetwork, Raft, VolatileStorage } from "./embedding/index.ts";
export type {
  ClientRequest, Codec, EntrySession, Executed, FounderOptions, Membership, MembershipChange, MemberNetwork, NewcomerOptions, NodeId, Outcome, RaftNodeOptions, RaftStorage, StateMachine, StoredOptions,
} from "./embedding/index.ts";
