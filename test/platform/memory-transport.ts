// A Transport without a network, for tests: messages pass through the real encoders and decoders, and a Prng decides which are lost and which
// end in a reset. The addresses of one MemoryNetwork are its own.

import { defer } from "../../src/base/deferred.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import type { NodeId, RegionId } from "../../src/base/ids.ts";
import type { Prng } from "../../src/base/prng.ts";
import type { PeerDirectory, ProbedPeer, RaftClusterMember, RaftNetwork, RaftReceiver, RpcOptions, Transport, TransportStats } from "../../src/host/transport.ts";
import { messagePackCodec } from "../../src/wire/codec.ts";
import { encodeErrorResponse } from "../../src/wire/envelope.ts";
import type { WireFields } from "../../src/wire/frame.ts";
import { checkPeerHello, type Hello, type LocalIdentity, type Role } from "../../src/wire/handshake.ts";
import { peerMessageTypes, type PeerCalls, type PeerMessageType } from "../../src/wire/peer-protocol.ts";
import { decodePeerRequest, encodePeerRequest } from "../../src/wire/peer-requests.ts";
import { decodePeerResponse, encodePeerResponse } from "../../src/wire/peer-responses.ts";

const travel = (fields: WireFields): WireFields => messagePackCodec.decode(Buffer.from(messagePackCodec.encode(fields, 0))) as WireFields;
const closed = (): RaftctlError => new RaftctlError("CONNECTION_LOST", "the transport was stopped", { details: { sent: true } });

export class MemoryNetwork {
  readonly transports = new Map<string, MemoryTransport>();
  /** Of requests and of answers. */
  loss = 0;
  resets = 0;
  #lastPort = 0;
  readonly prng: Prng;

  constructor(prng: Prng) {
    this.prng = prng;
  }

  nextAddress(): string {
    this.#lastPort += 1;
    return `memory:${this.#lastPort}`;
  }
}

export class MemoryTransport implements Transport {
  readonly address: string;
  readonly identity: LocalIdentity;
  readonly #network: MemoryNetwork;
  readonly #directory: PeerDirectory;
  readonly #underWay = new Set<(error: RaftctlError) => void>();
  #receiver: RaftReceiver | undefined;
  #stopped = false;

  constructor(network: MemoryNetwork, identity: LocalIdentity, directory: PeerDirectory) {
    this.#network = network;
    this.#directory = directory;
    this.identity = identity;
    this.address = network.nextAddress();
  }

  readonly network: RaftNetwork = {
    forGroup: (region) =>
      Object.fromEntries((Object.keys(peerMessageTypes) as PeerMessageType[]).map((type) => [type, this.#sender(type, region)])) as unknown as RaftClusterMember,
  };

  get stats(): TransportStats {
    return { peerConnectsTotal: 0, peers: [] };
  }

  async start(receiver: RaftReceiver): Promise<void> {
    this.#receiver = receiver;
    this.#network.transports.set(this.address, this);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#network.transports.delete(this.address);
    for (const fail of [...this.#underWay]) fail(closed());
  }

  async probe(address: string, options: RpcOptions): Promise<ProbedPeer> {
    const { clusterId, clusterIncarnation, nodeId, incarnation, name, regions } = this.#find(address, "probe", undefined).identity;
    options.signal?.throwIfAborted();
    return { clusterId, clusterIncarnation, nodeId, incarnation, name, regions };
  }

  async callAddress(
    address: string, region: RegionId, rpc: PeerCalls["admin"]["request"], options: RpcOptions,
  ): Promise<PeerCalls["admin"]["response"]> {
    return decodePeerResponse("admin", await this.#exchange(this.#find(address, "joiner", undefined), encodePeerRequest("admin", region, rpc), options));
  }

  /** The receiving side. */
  async answer(from: NodeId, fields: WireFields): Promise<WireFields> {
    try {
      const request = decodePeerRequest(fields);
      const handle = this.#receiver![request.type] as (from: NodeId, region: RegionId, rpc: unknown) => Promise<never>;
      return travel(encodePeerResponse(request.type, await handle(from, request.region, request.rpc)));
    } catch (error) {
      return travel(encodeErrorResponse(0, error));
    }
  }

  #sender(type: PeerMessageType, region: RegionId) {
    return async (target: NodeId, rpc: never, options: RpcOptions): Promise<unknown> => {
      const address = this.#directory.addressOf(target);
      if (address === undefined) throw new RaftctlError("UNREACHABLE", `no address is known for node ${target}`, { details: { sent: false } });
      return decodePeerResponse(type, await this.#exchange(this.#find(address, "peer", target), encodePeerRequest(type, region, rpc), options));
    };
  }

  #find(address: string, role: Role, expectNodeId: NodeId | undefined): MemoryTransport {
    if (this.#stopped) throw new RaftctlError("STOPPED", "the transport was stopped", { details: { sent: false } });
    const other = this.#network.transports.get(address);
    if (other === undefined) throw new RaftctlError("UNREACHABLE", `nobody listens on ${address}`, { details: { sent: false } });
    const { clusterId, clusterIncarnation, nodeId, incarnation, name, regions } = this.identity;
    const hello: Hello = { role, clusterId, clusterIncarnation, nodeId, incarnation, name, regions, expectNodeId, credentials: undefined };
    checkPeerHello(hello, other.identity);
    const refusal = role === "peer" ? other.#directory.refusalOf({ nodeId, incarnation, name, regions }) : undefined;
    if (refusal !== undefined) throw refusal;
    return other;
  }

  #exchange(other: MemoryTransport, fields: WireFields, options: RpcOptions): Promise<WireFields> {
    const { promise, resolve, reject } = defer<WireFields>();
    const { prng, loss, resets } = this.#network;
    const timer = setTimeout(() => fail(new RaftctlError("TIMEOUT", `no answer within ${options.timeoutMs} ms`, { details: { sent: true } })), options.timeoutMs);
    const fail = (error: RaftctlError): void => {
      clearTimeout(timer);
      this.#underWay.delete(fail);
      other.#underWay.delete(fail);
      reject(error);
    };
    const onAbort = (): void => fail(new RaftctlError("STOPPED", "the call was given up", { details: { sent: true } }));
    options.signal?.addEventListener("abort", onAbort, { once: true });
    if (options.signal?.aborted === true) onAbort();
    this.#underWay.add(fail);
    other.#underWay.add(fail);
    const isReset = prng.chance(resets);
    const isLost = prng.chance(loss);
    setImmediate(() => {
      if (isReset) return fail(new RaftctlError("CONNECTION_LOST", "reset", { details: { sent: true } }));
      if (isLost) return;
      void other.answer(this.identity.nodeId, travel(fields)).then((response) => {
        if (prng.chance(loss)) return;
        clearTimeout(timer);
        this.#underWay.delete(fail);
        other.#underWay.delete(fail);
        resolve(response);
      });
    });
    return promise;
  }
}
