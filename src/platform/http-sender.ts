// The sending half of the HTTP transport: one POST per call, over kept-alive connections of node:http. It accepts nothing and does not know the
// receiving half.

import { Agent, request as openRequest, type IncomingMessage } from "node:http";
import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { NodeId, RegionId } from "../base/ids.ts";
import type { PeerDirectory, ProbedPeer, RaftClusterMember, RaftNetwork, RpcOptions, TransportStats } from "../host/transport.ts";
import { checkWelcome, decodeWelcome, encodeHello, type LocalIdentity, type Role, type Welcome } from "../wire/handshake.ts";
import type { PeerCalls, PeerMessageType } from "../wire/peer-protocol.ts";
import { encodePeerRequest } from "../wire/peer-requests.ts";
import { decodePeerResponse } from "../wire/peer-responses.ts";
import type { WireFields } from "../wire/frame.ts";
import { parseAddress } from "./connect.ts";
import { jsonCodec } from "./json-codec.ts";
import { httpBodyBytesMax, readBody } from "./http-body.ts";

export interface HttpSenderOptions {
  readonly identity: LocalIdentity;
  readonly directory: PeerDirectory;
  readonly inFlightMax: number;
  /** A member, or who was one, will have nothing to do with this node: the cluster was recovered without one of the two. */
  readonly onFenced?: (reason: RaftctlError) => void;
}

interface Post {
  readonly address: string;
  readonly path: string;
  readonly hello: WireFields;
  readonly request: WireFields | null;
}

interface PeerRecord {
  state: "connected" | "connecting" | "closed";
  lastError: string | undefined;
}

export class HttpSender implements RaftNetwork {
  readonly #options: HttpSenderOptions;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #stopped = new AbortController();
  readonly #peers = new Map<NodeId, PeerRecord>();
  #inFlight = 0;
  #connectsTotal = 0;

  constructor(options: HttpSenderOptions) {
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
    const { welcome } = await this.#post({ address, path: "probe", hello: this.#hello("probe", undefined), request: null }, options);
    const { clusterId, clusterIncarnation, nodeId, incarnation, name, regions } = welcome;
    return { clusterId, clusterIncarnation, nodeId, incarnation, name, regions };
  }

  async callAddress(
    address: string, region: RegionId, rpc: PeerCalls["admin"]["request"], options: RpcOptions,
  ): Promise<PeerCalls["admin"]["response"]> {
    const post = { address, path: "admin", hello: this.#hello("joiner", undefined), request: encodePeerRequest("admin", region, rpc) };
    return decodePeerResponse("admin", (await this.#post(post, options)).response);
  }

  get stats(): TransportStats {
    const peers = [...this.#peers].map(([id, { state, lastError }]) => ({ id, state, rttMs: undefined, lastError }));
    return { peerConnectsTotal: this.#connectsTotal, peers };
  }

  stop(): void {
    this.#stopped.abort(new RaftctlError("CONNECTION_LOST", "the transport was stopped"));
    this.#agent.destroy();
  }

  #send<Type extends PeerMessageType>(type: Type, region: RegionId): RaftClusterMember[Type] {
    const send = async (target: NodeId, rpc: PeerCalls[Type]["request"], options: RpcOptions): Promise<PeerCalls[Type]["response"]> =>
      decodePeerResponse(type, await this.#ask(target, type, encodePeerRequest(type, region, rpc), options));
    return send as RaftClusterMember[Type];
  }

  async #ask(target: NodeId, type: PeerMessageType, request: WireFields, options: RpcOptions): Promise<WireFields> {
    const address = this.#options.directory.addressOf(target);
    if (address === undefined) throw unreachable(`no address is known for node ${target}`);
    const peer = this.#peer(target);
    try {
      const { welcome, response } = await this.#post({ address, path: type, hello: this.#hello("peer", target), request }, options);
      const { clusterId, clusterIncarnation } = this.#options.identity;
      checkWelcome(welcome, { clusterId, clusterIncarnation, nodeId: target });
      peer.state = "connected";
      return response;
    } catch (thrown) {
      const error = toRaftctlError(thrown);
      peer.state = "closed";
      peer.lastError = error.message;
      if (error.code === "CLUSTER_RECOVERED") this.#options.onFenced?.(error);
      throw error;
    }
  }

  #peer(id: NodeId): PeerRecord {
    const known = this.#peers.get(id);
    if (known !== undefined) return known;
    const peer: PeerRecord = { state: "connecting", lastError: undefined };
    this.#peers.set(id, peer);
    return peer;
  }

  #hello(role: Role, expectNodeId: NodeId | undefined): WireFields {
    const { clusterId, clusterIncarnation, nodeId, incarnation, name, regions } = this.#options.identity;
    return encodeHello({ role, clusterId, clusterIncarnation, nodeId, incarnation, name, regions, expectNodeId, credentials: undefined });
  }

  async #post(post: Post, options: RpcOptions): Promise<{ welcome: Welcome; response: WireFields }> {
    if (this.#stopped.signal.aborted) throw new RaftctlError("STOPPED", "the transport was stopped", { details: { sent: false } });
    if (this.#inFlight >= this.#options.inFlightMax) throw new RaftctlError("BUSY", `${this.#inFlight} calls are under way`, { details: { sent: false } });
    const timeout = AbortSignal.timeout(Math.ceil(options.timeoutMs));
    this.#inFlight += 1;
    try {
      const signals = [timeout, this.#stopped.signal, ...(options.signal === undefined ? [] : [options.signal])];
      const answer = jsonCodec.decode(await this.#exchange(post, AbortSignal.any(signals)));
      if (!Array.isArray(answer) || answer.length !== 2) throw new RaftctlError("BAD_FRAME", `${post.address} sent no answer of this protocol`);
      return { welcome: decodeWelcome(answer[0]), response: answer[1] as WireFields };
    } catch (error) {
      throw this.#explain(error, post.address, options, timeout.aborted);
    } finally {
      this.#inFlight -= 1;
    }
  }

  async #exchange(post: Post, signal: AbortSignal): Promise<Uint8Array> {
    const body = jsonCodec.encode([post.hello, post.request], 0);
    if (body.length > httpBodyBytesMax) throw new RaftctlError("TOO_LARGE", `a request of ${body.length} bytes (at most ${httpBodyBytesMax})`);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = openRequest({
        ...parseAddress(post.address), agent: this.#agent, method: "POST", path: `/raft/${post.path}`, signal,
        headers: { "content-type": "application/json", "content-length": body.length },
      });
      outgoing.once("socket", () => (this.#connectsTotal += outgoing.reusedSocket ? 0 : 1));
      outgoing.once("response", resolve);
      outgoing.once("error", reject);
      outgoing.end(body);
    });
    return readBody(answer, httpBodyBytesMax);
  }

  #explain(error: unknown, address: string, options: RpcOptions, timedOut: boolean): RaftctlError {
    if (error instanceof RaftctlError) return error;
    const details = { sent: true };
    if (timedOut) return new RaftctlError("TIMEOUT", `no answer from ${address} within ${options.timeoutMs} ms`, { details });
    if (this.#stopped.signal.aborted) return new RaftctlError("CONNECTION_LOST", "the transport was stopped", { details });
    if (options.signal?.aborted === true) return new RaftctlError("STOPPED", `the call to ${address} was given up`, { details });
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ECONNREFUSED" || code === "ENOTFOUND" || code === "EHOSTUNREACH") return unreachable(`cannot connect to ${address}: ${message}`);
    if (code?.startsWith("HPE_")) return new RaftctlError("INCOMPATIBLE", `${address} answered with something else than HTTP`, { cause: error, hint: "set peer.transport to the same on every member" });
    return new RaftctlError("CONNECTION_LOST", `connection to ${address}: ${message}`, { cause: error, details });
  }
}

function unreachable(message: string): RaftctlError {
  return new RaftctlError("UNREACHABLE", message, { details: { sent: false } });
}
