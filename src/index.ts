// What the npm package gives to programs: the client of a cluster, its types, and the table of error codes. Whole clusters in one process are behind a
// door of their own (`raftctl/cluster`), because they bring the daemon with them.

export { errorCodes, RaftctlError } from "./base/errors.ts";
export type { ErrorCode, ExitCode } from "./base/errors.ts";
export { Client } from "./client/client.ts";
export type { ClientHeader, ClientOptions } from "./client/client.ts";
export type { Admin, AdminMethod } from "./client/admin.ts";
export type { Address, Channel, Dial, ServerIdentity } from "./client/channel.ts";
export type { Bytes } from "./client/bytes.ts";
export type { KeyValue, RangeQuery, ReadOptions } from "./client/kv.ts";
export type { KeySelection, TxnComparison, TxnOperation, TxnOutcome, TxnReceipt, TxnRequest } from "./client/txn.ts";
export type { RequestOutcome, WriteOptions, WriteReceipt } from "./client/writes.ts";
export { randomSessionId, requestId, Session, SessionPool } from "./client/session.ts";
export type { AdminMethods, HealthReport, MemberListReport, MemberReport, NodeStatus, RegionReport } from "./wire/admin-protocol.ts";
export type { Consistency, KeyValueRecord, ReadResponse } from "./wire/client-protocol.ts";
export type { CommandResult, PreviousRecord } from "./wire/command-result.ts";
export type { Condition, SessionStamp } from "./wire/command.ts";
export type { Relation } from "./wire/txn.ts";
