// What travels between nodes: the core's messages, what a node asks of its leader for a client, and what a newcomer asks of a cluster. On the wire
// a request is [requestId, type, region, ...fields] and a response [requestId, status, ...fields]; encodings and checks are in peer-codec.ts.

import type { NodeId, RegionId } from "../base/ids.ts";
import type {
  AppendEntries, AppendEntriesResponse, InstallSnapshot, InstallSnapshotResponse, PreVote, PreVoteResponse, RequestVote,
  RequestVoteResponse, TimeoutNow, TimeoutNowResponse,
} from "../raft/message.ts";

/** The numbers stand on the wire: never change or reuse one. */
export const peerMessageTypes = {
  requestVote: 1, preVote: 2, appendEntries: 3, installSnapshot: 4, timeoutNow: 5, propose: 6, readIndex: 7, admin: 8,
} as const;
export type PeerMessageType = keyof typeof peerMessageTypes;

/** What the state machine was at an index: equal on every node (S42). */
export interface StateCheckpoint {
  readonly index: number;
  /** 32 hexadecimal digits. */
  readonly digest: string;
}

/** AppendEntries with its entries as one run of log records, byte for byte as they rest in the log (storage/wal/record.ts). */
export interface AppendEntriesRpc extends Omit<AppendEntries, "entries"> {
  readonly entries: Uint8Array;
  /** The newest checkpoint that a majority has, unless the receiver has been told. */
  readonly checkpoint?: StateCheckpoint | undefined;
}
export interface AppendEntriesRpcResponse extends AppendEntriesResponse {
  /** The responder's own newest checkpoint, until a majority is known to have it. */
  readonly checkpoint?: StateCheckpoint | undefined;
}

/** One chunk of a snapshot file. */
export interface InstallSnapshotRpc extends InstallSnapshot {
  readonly offset: number;
  readonly data: Uint8Array;
  readonly done: boolean;
}
export interface InstallSnapshotRpcResponse extends InstallSnapshotResponse {
  /** Where the receiver wants the next chunk to begin: lets an interrupted transfer resume. */
  readonly nextOffset: number;
}

/** A follower hands a client's command to its leader. `hops` is 1: a receiver that is not the leader refuses, it never hands on (S83). */
export interface ProposeRpc {
  readonly type: "propose";
  readonly hops: number;
  readonly waitFor: "committed" | "applied";
  readonly timeoutMs: number;
  readonly command: Uint8Array;
  /** true: the leader keeps the life of this write, for whoever asks (admin method writeTrace). */
  readonly trace?: boolean;
}
export interface ProposeRpcResponse {
  readonly type: "proposeResponse";
  readonly term: number;
  readonly index: number;
  /** What the state machine answered; empty when only commitment was waited for. */
  readonly result: Uint8Array;
}

/** A follower asks for a ReadIndex (diss. §6.4). */
export interface ReadIndexRpc {
  readonly type: "readIndex";
  readonly timeoutMs: number;
}
export interface ReadIndexRpcResponse {
  readonly type: "readIndexResponse";
  readonly term: number;
  readonly index: number;
}

/** Rare requests between nodes: join, membership changes and leadership transfers on the way to the leader. Params and result as in admin-protocol.ts. */
export interface AdminRpc {
  readonly type: "admin";
  readonly hops: number;
  readonly method: string;
  readonly params: unknown;
  readonly timeoutMs: number;
}
export interface AdminRpcResponse {
  readonly type: "adminResponse";
  readonly result: unknown;
}

/** Each request with its response: a transport has one method for each (S129). */
export interface PeerCalls {
  requestVote: { request: RequestVote; response: RequestVoteResponse };
  preVote: { request: PreVote; response: PreVoteResponse };
  appendEntries: { request: AppendEntriesRpc; response: AppendEntriesRpcResponse };
  installSnapshot: { request: InstallSnapshotRpc; response: InstallSnapshotRpcResponse };
  timeoutNow: { request: TimeoutNow; response: TimeoutNowResponse };
  propose: { request: ProposeRpc; response: ProposeRpcResponse };
  readIndex: { request: ReadIndexRpc; response: ReadIndexRpcResponse };
  admin: { request: AdminRpc; response: AdminRpcResponse };
}

/** Who is at the other end of a peer connection, as its handshake said. */
export interface PeerIdentity {
  readonly nodeId: NodeId;
  readonly incarnation: number;
  readonly name: string;
  readonly regions: readonly RegionId[];
}
