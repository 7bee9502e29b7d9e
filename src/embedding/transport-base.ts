// The base class of transports that carry a message and its answer by whatever there is (S13): it says who calls and checks who is called, turns messages into plain
// fields and back, sees to it that every call settles in its time, and ends those under way when it stops. A derived class has three things to do: listen,
// carry, and close. A transport with long-lived connections, flow control or a codec of its own implements `Transport` instead, as TCP's and HTTP's do.

import { RaftctlError } from "../base/errors.ts";
import type { NodeId, RegionId } from "../base/ids.ts";
import type { PeerDirectory, ProbedPeer, RaftClusterMember, RaftNetwork, RaftReceiver, RpcOptions, Transport, TransportStats } from "../host/transport.ts";
import { encodeErrorResponse } from "../wire/envelope.ts";
import type { WireFields } from "../wire/frame.ts";
import { checkPeerHello, decodeHello, decodeWelcome, encodeHello, encodeRefusal, encodeWelcome, type LocalIdentity, type Role } from "../wire/handshake.ts";
import { peerMessageTypes, type PeerCalls, type PeerMessageType } from "../wire/peer-protocol.ts";
import { decodePeerRequest, encodePeerRequest } from "../wire/peer-requests.ts";
import { decodePeerResponse, encodePeerResponse } from "../wire/peer-responses.ts";

/** Lists of numbers, texts, bytes, lists and objects of such, in whatever form a transport likes to carry them. */
export interface Message {
  /** Who calls; of an answer: who answers, or why the caller is refused. */
  readonly handshake: WireFields;
  /** The request or the response; empty when there is none. */
  readonly body: WireFields;
}

interface Call {
  readonly address: string | undefined;
  readonly role: Role;
  /** Whoever else is at the address refuses. */
  readonly expected: NodeId | undefined;
  readonly body: WireFields;
}

export abstract class TransportBase implements Transport {
  readonly network: RaftNetwork = { forGroup: (region) => this.#memberOf(region) };
  readonly stats: TransportStats = { peerConnectsTotal: 0, peers: [] };
  readonly #identity: LocalIdentity;
  readonly #directory: PeerDirectory;
  /** How the calls under way are ended. */
  readonly #underWay = new Set<(reason: RaftctlError) => void>();
  #stopped = false;

  constructor(identity: LocalIdentity, directory: PeerDirectory) {
    this.#identity = identity;
    this.#directory = directory;
  }

  /** Resolves when messages to this node are accepted; `answer` never rejects. */
  protected abstract listen(answer: (message: Message) => Promise<Message>): Promise<void>;

  /**
   * Carries a message to whoever listens at the address, and its answer back.
   * @param over aborts when nobody waits for the answer any more
   * @throws UNREACHABLE when the message was certainly not delivered, CONNECTION_LOST when it perhaps was
   */
  protected abstract carry(address: string, message: Message, over: AbortSignal): Promise<Message>;

  /** Accepts nothing more and leaves nothing open. */
  protected abstract close(): Promise<void>;

  start(receiver: RaftReceiver): Promise<void> {
    return this.listen((message) => this.#answer(receiver, message));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const end of this.#underWay) end(new RaftctlError("CONNECTION_LOST", "this transport was stopped", { details: { sent: true } }));
    await this.close();
  }

  async probe(address: string, options: RpcOptions): Promise<ProbedPeer> {
    const { handshake } = await this.#call({ address, role: "probe", expected: undefined, body: [] }, options);
    const { clusterId, clusterIncarnation, nodeId, incarnation, name, regions } = decodeWelcome(handshake);
    return { clusterId, clusterIncarnation, nodeId, incarnation, name, regions };
  }

  async callAddress(address: string, region: RegionId, rpc: PeerCalls["admin"]["request"], options: RpcOptions): Promise<PeerCalls["admin"]["response"]> {
    const { body } = await this.#call({ address, role: "joiner", expected: undefined, body: encodePeerRequest("admin", region, rpc) }, options);
    return decodePeerResponse("admin", body);
  }

  #memberOf(region: RegionId): RaftClusterMember {
    const send = (type: PeerMessageType) => async (target: NodeId, rpc: never, options: RpcOptions) => {
      const address = this.#directory.addressOf(target);
      const { body } = await this.#call({ address, role: "peer", expected: target, body: encodePeerRequest(type, region, rpc) }, options);
      return decodePeerResponse(type, body);
    };
    return Object.fromEntries((Object.keys(peerMessageTypes) as PeerMessageType[]).map((type) => [type, send(type)])) as unknown as RaftClusterMember;
  }

  async #call({ address, role, expected, body }: Call, { timeoutMs, signal }: RpcOptions): Promise<Message> {
    if (this.#stopped || signal?.aborted === true) throw new RaftctlError("STOPPED", "the call was given up", { details: { sent: false } });
    if (address === undefined) throw new RaftctlError("UNREACHABLE", `no address of node ${expected} is known`, { details: { sent: false } });
    const { promise: ended, reject: end } = Promise.withResolvers<never>();
    const over = new AbortController();
    const onAbort = (): void => end(new RaftctlError("STOPPED", `the call to ${address} was given up`, { details: { sent: true } }));
    const timer = setTimeout(() => end(new RaftctlError("TIMEOUT", `no answer from ${address} within ${timeoutMs} ms`, { details: { sent: true } })), timeoutMs);
    this.#underWay.add(end);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const handshake = encodeHello({ ...this.#identity, role, expectNodeId: expected, credentials: undefined });
      const answer = await Promise.race([this.carry(address, { handshake, body }, over.signal), ended]);
      decodeWelcome(answer.handshake);
      return answer;
    } finally {
      clearTimeout(timer);
      this.#underWay.delete(end);
      signal?.removeEventListener("abort", onAbort);
      over.abort();
    }
  }

  async #answer(receiver: RaftReceiver, { handshake, body }: Message): Promise<Message> {
    try {
      const hello = decodeHello(handshake);
      checkPeerHello(hello, this.#identity);
      const nodeId = hello.nodeId!;
      const refusal = hello.role === "peer" ? this.#directory.refusalOf({ ...hello, nodeId }) : undefined;
      if (refusal !== undefined) throw refusal;
      return { handshake: encodeWelcome(this.#identity), body: hello.role === "probe" ? [] : await handle(receiver, nodeId, body) };
    } catch (refusal) {
      return { handshake: encodeRefusal(refusal), body: [] };
    }
  }
}

async function handle(receiver: RaftReceiver, from: NodeId, body: WireFields): Promise<WireFields> {
  try {
    const { type, region, rpc } = decodePeerRequest(body);
    const method = receiver[type] as (from: NodeId, region: RegionId, rpc: unknown) => Promise<never>;
    return encodePeerResponse(type, await method(from, region, rpc));
  } catch (failure) {
    return encodeErrorResponse(0, failure);
  }
}
