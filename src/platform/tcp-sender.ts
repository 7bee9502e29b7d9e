// The sending half of the TCP transport: one link per peer for all regions, and a second one, opened on demand and closed when idle, for
// snapshot chunks, so that a heartbeat never waits behind a gigabyte. It accepts nothing and does not know the receiving half.

import type { ConnectionOptions } from "node:tls";
import type { Clock } from "../base/clock.ts";
import { RaftctlError } from "../base/errors.ts";
import type { NodeId, RegionId } from "../base/ids.ts";
import type { Prng } from "../base/prng.ts";
import type { PeerDirectory, ProbedPeer, RaftClusterMember, RaftNetwork, RpcOptions, TransportStats } from "../host/transport.ts";
import type { Hello, LocalIdentity, Role } from "../wire/handshake.ts";
import { limits } from "../wire/limits.ts";
import type { PeerCalls, PeerMessageType } from "../wire/peer-protocol.ts";
import { encodePeerRequest } from "../wire/peer-requests.ts";
import { decodePeerResponse } from "../wire/peer-responses.ts";
import type { WireFields } from "../wire/frame.ts";
import { CallChannel } from "./call-channel.ts";
import { dial, parseAddress, type Dialled } from "./connect.ts";
import type { FramedSocket } from "./framed-socket.ts";
import { PeerLink } from "./peer-link.ts";

export interface TcpSenderOptions {
  readonly clock: Clock;
  readonly prng: Prng;
  readonly identity: LocalIdentity;
  readonly directory: PeerDirectory;
  /** At most the lower election timeout (U2). */
  readonly connectTimeoutMs: number;
  readonly inFlightPerPeerMax: number;
  readonly sendQueueBytesMax: number;
  readonly pingMs: number;
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  readonly bulkIdleMs: number;
  readonly tls: ConnectionOptions | undefined;
  readonly onFenced?: (reason: RaftctlError) => void;
}

interface PeerLinks {
  readonly main: PeerLink;
  readonly bulk: PeerLink;
}

type Decode<Type extends PeerMessageType> = (fields: WireFields) => PeerCalls[Type]["response"];

const decoders: { readonly [Type in PeerMessageType]: Decode<Type> } = {
  requestVote: (fields) => decodePeerResponse("requestVote", fields),
  preVote: (fields) => decodePeerResponse("preVote", fields),
  appendEntries: (fields) => decodePeerResponse("appendEntries", fields),
  installSnapshot: (fields) => decodePeerResponse("installSnapshot", fields),
  timeoutNow: (fields) => decodePeerResponse("timeoutNow", fields),
  propose: (fields) => decodePeerResponse("propose", fields),
  readIndex: (fields) => decodePeerResponse("readIndex", fields),
  admin: (fields) => decodePeerResponse("admin", fields),
};

export class TcpSender implements RaftNetwork {
  readonly #options: TcpSenderOptions;
  readonly #peers = new Map<NodeId, PeerLinks>();
  /** Ends what is under way when the sender stops. */
  readonly #stopped = new AbortController();
  readonly #guests = new Set<CallChannel>();
  readonly #sockets = new Set<FramedSocket>();
  #connectsTotal = 0;

  constructor(options: TcpSenderOptions) {
    this.#options = options;
  }

  forGroup(region: RegionId): RaftClusterMember {
    return {
      requestVote: this.#send("requestVote", region),
      preVote: this.#send("preVote", region),
      appendEntries: this.#send("appendEntries", region),
      installSnapshot: this.#send("installSnapshot", region),
      timeoutNow: this.#send("timeoutNow", region),
      propose: this.#send("propose", region),
      readIndex: this.#send("readIndex", region),
      admin: this.#send("admin", region),
    };
  }

  async probe(address: string, options: RpcOptions): Promise<ProbedPeer> {
    const { socket, welcome } = await this.#dial(address, "probe", undefined, options);
    socket.close();
    const { clusterId, clusterIncarnation, nodeId, incarnation, name, regions } = welcome;
    return { clusterId, clusterIncarnation, nodeId, incarnation, name, regions };
  }

  async callAddress(
    address: string, region: RegionId, rpc: PeerCalls["admin"]["request"], options: RpcOptions,
  ): Promise<PeerCalls["admin"]["response"]> {
    const deadline = this.#options.clock.now() + options.timeoutMs;
    const { socket } = await this.#dial(address, "joiner", undefined, options);
    const channel: CallChannel = new CallChannel(socket, {
      ...this.#channelOptions(),
      onClose: () => this.#guests.delete(channel),
    });
    this.#guests.add(channel);
    try {
      const leftMs = Math.max(1, deadline - this.#options.clock.now());
      return await channel.call(encodePeerRequest("admin", region, rpc), decoders.admin, leftMs, options.signal);
    } finally {
      channel.close(new RaftctlError("STOPPED", "the call is done"));
    }
  }

  get stats(): TransportStats {
    this.#forgetUnknown();
    const peers = [...this.#peers].map(([id, { main }]) => ({
      id, state: main.state, rttMs: main.rttMs, lastError: main.lastError?.message,
    }));
    return { peerConnectsTotal: this.#connectsTotal, peers };
  }

  /** Resolves when the last socket is closed. */
  async stop(): Promise<void> {
    const reason = new RaftctlError("STOPPED", "the transport was stopped");
    this.#stopped.abort(reason);
    for (const { main, bulk } of this.#peers.values()) {
      main.close(reason);
      bulk.close(reason);
    }
    for (const channel of [...this.#guests]) channel.close(reason);
    this.#peers.clear();
    await Promise.all([...this.#sockets].map((socket) => new Promise<void>((resolve) => socket.onceClosed(resolve))));
  }

  #send<Type extends PeerMessageType>(type: Type, region: RegionId): RaftClusterMember[Type] {
    const send = (target: NodeId, rpc: PeerCalls[Type]["request"], options: RpcOptions): Promise<PeerCalls[Type]["response"]> => {
      if (this.#stopped.signal.aborted) return Promise.reject(new RaftctlError("STOPPED", "the transport was stopped", { details: { sent: false } }));
      const links = this.#peers.get(target) ?? this.#openLinks(target);
      const link = type === "installSnapshot" ? links.bulk : links.main;
      return link.call(encodePeerRequest(type, region, rpc), decoders[type], options);
    };
    return send as RaftClusterMember[Type];
  }

  #openLinks(target: NodeId): PeerLinks {
    this.#forgetUnknown();
    const links = { main: this.#link(target, "peer", undefined), bulk: this.#link(target, "bulk", this.#options.bulkIdleMs) };
    this.#peers.set(target, links);
    return links;
  }

  /** Who has no address any more was removed. */
  #forgetUnknown(): void {
    for (const [id, { main, bulk }] of this.#peers) {
      if (this.#options.directory.addressOf(id) !== undefined) continue;
      const reason = new RaftctlError("STOPPED", `node ${id} is not a member any more`);
      main.close(reason);
      bulk.close(reason);
      this.#peers.delete(id);
    }
  }

  #link(target: NodeId, role: Role, idleMs: number | undefined): PeerLink {
    return new PeerLink({
      ...this.#options,
      ...this.#channelOptions(),
      name: `node ${target}`,
      idleMs,
      address: () => this.#options.directory.addressOf(target),
      dial: (address) => this.#dialMember(address, role, target),
      onConnect: () => (this.#connectsTotal += role === "peer" ? 1 : 0),
    });
  }

  async #dialMember(address: string, role: Role, target: NodeId): Promise<FramedSocket> {
    try {
      return (await this.#dial(address, role, target, { timeoutMs: this.#options.connectTimeoutMs })).socket;
    } catch (error) {
      if (error instanceof RaftctlError && error.code === "CLUSTER_RECOVERED") this.#options.onFenced?.(error);
      throw error;
    }
  }

  #channelOptions(): { clock: Clock; inFlightMax: number; frameBytesMax: number; pingMs: number } {
    const { clock, inFlightPerPeerMax, pingMs } = this.#options;
    return { clock, inFlightMax: inFlightPerPeerMax, frameBytesMax: limits.peerFrameBytesMax, pingMs };
  }

  async #dial(address: string, role: Role, target: NodeId | undefined, options: RpcOptions): Promise<Dialled> {
    const { clock, identity, sendQueueBytesMax, tls } = this.#options;
    const stop = this.#stopped.signal;
    const hello: Hello = { ...identityOf(identity), role, expectNodeId: target, credentials: undefined };
    const expectedCluster = role === "peer" || role === "bulk" ? identity.clusterId : undefined;
    const dialled = await dial(parseAddress(address), hello, expectedCluster, {
      clock,
      timeoutMs: Math.min(options.timeoutMs, this.#options.connectTimeoutMs),
      payloadBytesMax: limits.peerFrameBytesMax,
      sendQueueBytesMax,
      name: target === undefined ? address : `node ${target} (${address})`,
      signal: options.signal === undefined ? stop : AbortSignal.any([stop, options.signal]),
      ...(tls === undefined ? {} : { tls }),
    });
    this.#sockets.add(dialled.socket);
    dialled.socket.onceClosed(() => this.#sockets.delete(dialled.socket));
    return dialled;
  }
}

/** Read field by field, because the identity may be a live object with getters. */
function identityOf(identity: LocalIdentity): Omit<Hello, "role" | "expectNodeId" | "credentials"> {
  const { clusterId, clusterIncarnation, nodeId, incarnation, name, regions } = identity;
  return { clusterId, clusterIncarnation, nodeId, incarnation, name, regions };
}
