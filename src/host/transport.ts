// The network between nodes as a port. Sending and receiving are two interfaces in two modules; one Transport owns both (S126-S128). A call
// settles within its timeout with a response or a RaftctlError (UNREACHABLE, CONNECTION_LOST, TIMEOUT, UNKNOWN_GROUP, CLUSTER_MISMATCH, BUSY, or
// what the receiver answered). Below the line only these types exist; TCP and HTTP are in platform/, the simulated one in the tests.

import type { NodeId, RegionId } from "../base/ids.ts";
import type { PeerCalls, PeerIdentity } from "../wire/peer-protocol.ts";

export interface RpcOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

type Send<Call extends keyof PeerCalls> = (
  target: NodeId, rpc: PeerCalls[Call]["request"], options: RpcOptions,
) => Promise<PeerCalls[Call]["response"]>;

type Handle<Call extends keyof PeerCalls> = (
  from: NodeId, region: RegionId, rpc: PeerCalls[Call]["request"],
) => Promise<PeerCalls[Call]["response"]>;

/** The sending side of one region's member: one method per message type (S7, S129). */
export type RaftClusterMember = { readonly [Call in keyof PeerCalls]: Send<Call> };

/** Sends only; nothing here listens or accepts (S4). The address of a target is looked up by its id at each dial (S10). */
export interface RaftNetwork {
  /** All regions share one connection per peer (S12). */
  forGroup(region: RegionId): RaftClusterMember;
}

/** The receiving side: one method per message type. A rejection is sent back as its error code. */
export type RaftReceiver = { readonly [Call in keyof PeerCalls]: Handle<Call> };

/** What a transport asks of its owner. */
export interface PeerDirectory {
  /** host:port of the peer listener; undefined when the id is unknown. */
  addressOf(id: NodeId): string | undefined;
  /** undefined when this peer may talk to us; otherwise why not (INCARNATION_REFUSED, REMOVED, PEER_IDENTITY_MISMATCH). */
  refusalOf(peer: PeerIdentity): Error | undefined;
}

export interface Transport {
  readonly network: RaftNetwork;
  /** Begins to accept; resolves when the listener is bound. */
  start(receiver: RaftReceiver): Promise<void>;
  /** Refuses new calls, fails those under way, closes every connection. */
  stop(): Promise<void>;
  /** A handshake with whoever listens at this address, for joining and for dialling back; settles within the timeout. */
  probe(address: string, options: RpcOptions): Promise<ProbedPeer>;
  /** A call to an address whose node is not a member yet, or not known to be one (join). */
  callAddress(address: string, region: RegionId, rpc: PeerCalls["admin"]["request"], options: RpcOptions): Promise<PeerCalls["admin"]["response"]>;
  /** Connections made since start, per peer: stays at one while a connection holds (S18). */
  readonly stats: TransportStats;
}

export interface ProbedPeer extends PeerIdentity {
  /** undefined: it belongs to no cluster yet. */
  readonly clusterId: string | undefined;
  readonly clusterIncarnation: number | undefined;
}

export interface TransportStats {
  readonly peerConnectsTotal: number;
  readonly peers: readonly { readonly id: NodeId; readonly state: "connected" | "connecting" | "closed"; readonly rttMs: number | undefined; readonly lastError: string | undefined }[];
}
