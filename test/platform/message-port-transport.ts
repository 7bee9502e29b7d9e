// A transport of one's own in at most 100 lines: messages between ports of this process instead of sockets (docs/custom-transport.md).
import { MessageChannel, type MessagePort } from "node:worker_threads";
import {
  checkPeerHello, decodeHello, decodePeerRequest, decodePeerResponse, decodeWelcome, encodeErrorResponse, encodeHello, encodePeerRequest, encodePeerResponse,
  encodeRefusal, encodeWelcome, peerMessageTypes, RaftctlError, type LocalIdentity, type NodeId, type PeerCalls, type PeerDirectory, type PeerMessageType,
  type ProbedPeer, type RaftClusterMember, type RaftNetwork, type RaftReceiver, type RegionId, type Role, type RpcOptions, type Transport,
} from "raftctl/transport";

type Question = Record<"hello" | "request", unknown[]>;
type Answer = Record<"welcome" | "response", unknown[]>;
/** Where nodes find each other: an address, and how to hand a port to whoever listens there. */
export type Switchboard = Map<string, (port: MessagePort) => void>;

export class MessagePortTransport implements Transport {
  readonly network: RaftNetwork = { forGroup: (region) => this.#memberOf(region) };
  readonly stats = { peerConnectsTotal: 0, peers: [] };
  readonly address: string;
  readonly #switchboard: Switchboard;
  readonly #identity: LocalIdentity;
  readonly #directory: PeerDirectory;
  readonly #ports = new Set<MessagePort>();
  #stopped = false;

  constructor(switchboard: Switchboard, identity: LocalIdentity, directory: PeerDirectory) {
    [this.#switchboard, this.#identity, this.#directory, this.address] = [switchboard, identity, directory, `port-${identity.nodeId}-${switchboard.size}`];
  }

  async start(receiver: RaftReceiver): Promise<void> {
    this.#switchboard.set(this.address, (port) => {
      this.#ports.add(port.on("close", () => this.#ports.delete(port)));
      port.on("message", (question: Question) => void this.#answer(receiver, question).then((answer) => port.postMessage(answer)));
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#switchboard.delete(this.address);
    for (const port of this.#ports) port.close();
  }

  async probe(address: string, options: RpcOptions): Promise<ProbedPeer> {
    const { clusterId, clusterIncarnation, nodeId, incarnation, name, regions } = decodeWelcome((await this.#ask(address, "probe", undefined, [], options)).welcome);
    return { clusterId, clusterIncarnation, nodeId, incarnation, name, regions };
  }

  async callAddress(address: string, region: RegionId, rpc: PeerCalls["admin"]["request"], options: RpcOptions): Promise<PeerCalls["admin"]["response"]> {
    return decodePeerResponse("admin", (await this.#ask(address, "joiner", undefined, encodePeerRequest("admin", region, rpc), options)).response);
  }

  #memberOf(region: RegionId): RaftClusterMember {
    const send = (type: PeerMessageType) => async (target: NodeId, rpc: never, options: RpcOptions) => {
      const { response } = await this.#ask(this.#directory.addressOf(target) ?? "", "peer", target, encodePeerRequest(type, region, rpc), options);
      return decodePeerResponse(type, response);
    };
    return Object.fromEntries((Object.keys(peerMessageTypes) as PeerMessageType[]).map((type) => [type, send(type)])) as unknown as RaftClusterMember;
  }

  async #ask(address: string, role: Role, expectNodeId: NodeId | undefined, request: unknown[], options: RpcOptions): Promise<Answer> {
    const accept = this.#switchboard.get(address);
    if (this.#stopped || options.signal?.aborted) throw new RaftctlError("STOPPED", "the call was given up");
    if (accept === undefined) throw new RaftctlError("UNREACHABLE", `nobody listens on ${address}`);
    const { port1, port2 } = new MessageChannel();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#ports.add(port1);
    const timer = setTimeout(() => reject(new RaftctlError("TIMEOUT", `no answer from ${address}`)), options.timeoutMs);
    options.signal?.addEventListener("abort", () => reject(new RaftctlError("STOPPED", "the call was given up")), { once: true });
    port1.on("close", () => reject(new RaftctlError("CONNECTION_LOST", `${address} closed the port`))).on("message", resolve);
    accept(port2);
    port1.postMessage({ hello: encodeHello({ ...this.#identity, role, expectNodeId, credentials: undefined }), request });
    const answer = await promise.finally(() => (clearTimeout(timer), port1.close(), this.#ports.delete(port1)));
    decodeWelcome(answer.welcome);
    return answer;
  }

  async #answer(receiver: RaftReceiver, question: Question): Promise<Answer> {
    try {
      const hello = decodeHello(question.hello);
      const nodeId = hello.nodeId!;
      checkPeerHello(hello, this.#identity);
      const refusal = hello.role === "peer" ? this.#directory.refusalOf({ ...hello, nodeId }) : undefined;
      if (refusal !== undefined) throw refusal;
      return { welcome: encodeWelcome(this.#identity), response: hello.role === "probe" ? [] : await handle(receiver, nodeId, question.request) };
    } catch (refusal) {
      return { welcome: encodeRefusal(refusal), response: [] };
    }
  }
}

async function handle(receiver: RaftReceiver, from: NodeId, fields: unknown[]): Promise<unknown[]> {
  try {
    const { type, region, rpc } = decodePeerRequest(fields);
    const method = receiver[type] as (from: NodeId, region: RegionId, rpc: unknown) => Promise<never>;
    return encodePeerResponse(type, await method(from, region, rpc));
  } catch (failure) {
    return encodeErrorResponse(0, failure);
  }
}
