// The network between nodes under virtual time: the Transport port of each node over links that delay, lose, repeat, reorder and cut. Every call
// settles within its timeout, as the port demands; what a dead process is told never arrives.

import { RaftctlError } from "../../../src/base/errors.ts";
import { globalRegion, type NodeId, type RegionId } from "../../../src/base/ids.ts";
import type { PeerDirectory, ProbedPeer, RaftClusterMember, RaftReceiver, RpcOptions, Transport } from "../../../src/host/transport.ts";
import type { Message } from "../../../src/raft/message.ts";
import { peerMessageTypes, type PeerIdentity, type PeerMessageType } from "../../../src/wire/peer-protocol.ts";
import type { ProcessLife } from "../kernel/process-life.ts";
import type { Links } from "./links.ts";
import type { AnyRequest, AnyResponse, WireHop } from "./wire-hop.ts";

/** A process that listens. */
export interface Endpoint {
  readonly life: ProcessLife;
  readonly identity: PeerIdentity & Pick<ProbedPeer, "clusterId" | "clusterIncarnation">;
  readonly directory: PeerDirectory;
  readonly receiver: RaftReceiver;
}

export interface NetworkOwner {
  /** A message leaves: of AppendEntries without its entries. */
  sending(from: ProcessLife, to: NodeId, message: Message): void;
  /** An answer arrives in time, at a process that lives. */
  heard(by: ProcessLife, from: NodeId, answer: Message): void;
}

interface Call {
  readonly from: Endpoint;
  readonly to: NodeId;
  readonly type: PeerMessageType;
  readonly region: RegionId;
  readonly rpc: AnyRequest;
  readonly settle: Settle;
}

interface Settle {
  /** The caller still waits. */
  readonly isOpen: () => boolean;
  resolve(response: AnyResponse): void;
  reject(error: unknown): void;
}

/** A connection never repeats a frame; where a message is idempotent by its own rules, the simulation does (S21). */
const repeatable: ReadonlySet<PeerMessageType> = new Set(["requestVote", "preVote", "appendEntries", "installSnapshot", "timeoutNow", "readIndex"]);

const types = Object.keys(peerMessageTypes) as PeerMessageType[];

export class SimNetwork {
  readonly links: Links;
  readonly #hop: WireHop;
  readonly #owner: NetworkOwner;
  readonly #endpoints = new Map<NodeId, Endpoint>();
  /** Calls that a listening process has not answered yet: they break when it dies. */
  readonly #open = new Map<ProcessLife, Set<Call>>();

  #requests = 0;
  #lostUpTo = 0;

  constructor(links: Links, hop: WireHop, owner: NetworkOwner) {
    this.links = links;
    this.#hop = hop;
    this.#owner = owner;
  }

  listen(endpoint: Endpoint): void {
    this.#endpoints.set(endpoint.identity.nodeId, endpoint);
    this.#open.set(endpoint.life, new Set());
  }

  /** Peers of a killed process see their connections break; of a machine that lost power they see nothing. */
  gone(life: ProcessLife, connectionsBreak: boolean): void {
    for (const endpoint of this.#endpoints.values()) if (endpoint.life === life) this.#endpoints.delete(endpoint.identity.nodeId);
    const calls = this.#open.get(life) ?? [];
    this.#open.delete(life);
    if (!connectionsBreak) return;
    for (const { from, to, settle } of calls) {
      const { delay } = this.links.fateOf(life.name, from.life.name);
      if (delay !== undefined) from.life.after(delay, () => settle.reject(new RaftctlError("CONNECTION_LOST", `the connection to ${to} broke`)));
    }
  }

  /** No request that is under way arrives any more. */
  loseUnderWay(): void {
    this.#lostUpTo = this.#requests;
  }

  /** Requests that wait for this process's answers. */
  openCalls(life: ProcessLife): number {
    return this.#open.get(life)?.size ?? 0;
  }

  /** What a process sends through, from before it listens. */
  transportOf(self: () => Endpoint): Transport {
    const refused = (): never => {
      throw new Error("a simulated node listens when its world says so");
    };
    return {
      network: { forGroup: (region) => this.#memberOf(self, region) },
      start: refused,
      stop: refused,
      probe: async (address, options) => this.#probe(self(), address, options),
      callAddress: (address, region, rpc, options) => this.#call(self(), { to: idAt(address), type: "admin", region, rpc }, options) as ReturnType<Transport["callAddress"]>,
      stats: { peerConnectsTotal: 0, peers: [] },
    };
  }

  /** Members are dialled where the directory says that they are. */
  #memberOf(self: () => Endpoint, region: RegionId): RaftClusterMember {
    const send = (type: PeerMessageType) => (to: NodeId, rpc: AnyRequest, options: RpcOptions) => {
      const address = self().directory.addressOf(to);
      if (address !== undefined && idAt(address) === to) return this.#call(self(), { to, type, region, rpc }, options);
      return Promise.reject(new RaftctlError("UNREACHABLE", `${to} is not at ${address ?? "any address that is known"}`, { details: { sent: false } }));
    };
    return Object.fromEntries(types.map((type) => [type, send(type)])) as unknown as RaftClusterMember;
  }

  /** A handshake. */
  async #probe(from: Endpoint, address: string, options: RpcOptions): Promise<Endpoint["identity"]> {
    const to = idAt(address);
    const rpc = { type: "readIndex", timeoutMs: 0 } as const;
    // Whatever it answers, it has answered.
    await this.#call(from, { to, type: "readIndex", region: globalRegion, rpc }, options).catch((error: unknown) => {
      if (error instanceof RaftctlError && ["UNREACHABLE", "CONNECTION_LOST", "TIMEOUT"].includes(error.code) && !this.#answers(to)) throw error;
    });
    const endpoint = this.#endpoints.get(to);
    if (endpoint === undefined) throw new RaftctlError("UNREACHABLE", `${address} refuses connections`);
    return endpoint.identity;
  }

  #answers(to: NodeId): boolean {
    return this.#endpoints.has(to);
  }

  #call(from: Endpoint, request: Pick<Call, "to" | "type" | "region" | "rpc">, { timeoutMs }: RpcOptions): Promise<AnyResponse> {
    const { life } = from;
    return new Promise((resolve, reject) => {
      life.passed(`send.${request.type}`);
      if (!life.alive) return;
      this.#tell(life, request.to, request.rpc);
      const timer = life.timer(life.now + timeoutMs, () => settle.reject(new RaftctlError("TIMEOUT", `${request.to} did not answer within ${timeoutMs} ms`)));
      const settle: Settle = {
        isOpen: () => timer.call !== undefined,
        resolve: (response) => {
          timer.call = undefined;
          resolve(response);
        },
        reject: (error) => {
          timer.call = undefined;
          reject(error);
        },
      };
      this.#transmit({ ...request, from, settle });
    });
  }

  #transmit(call: Call): void {
    const { from, to } = call;
    const fate = this.links.fateOf(from.life.name, nameOf(to));
    const number = (this.#requests += 1);
    const arrive = (): void => {
      if (number > this.#lostUpTo) this.#arrive(call);
    };
    if (fate.delay !== undefined) from.life.inNetwork(fate.delay, arrive);
    if (fate.repeatedAfter !== undefined && repeatable.has(call.type)) from.life.inNetwork(fate.repeatedAfter, arrive);
  }

  #arrive(call: Call): void {
    const target = this.#endpoints.get(call.to);
    if (target === undefined) return this.#refuse(call, new RaftctlError("UNREACHABLE", `${call.to} refuses connections`, { details: { sent: false } }));
    const refusal = target.directory.refusalOf(call.from.identity);
    if (refusal !== undefined) return this.#refuse(call, refusal);
    this.#open.get(target.life)!.add(call);
    target.life.give(() => this.#handle(call, target));
  }

  #refuse({ from, to, settle }: Call, error: unknown): void {
    const { delay } = this.links.fateOf(nameOf(to), from.life.name);
    if (delay !== undefined) from.life.after(delay, () => settle.reject(error));
  }

  #handle(call: Call, target: Endpoint): void {
    const { type, region, from } = call;
    const handle = target.receiver[type] as (from: NodeId, region: RegionId, rpc: AnyRequest) => Promise<AnyResponse>;
    handle(from.identity.nodeId, region, this.#hop.request(type, region, call.rpc)).then(
      (response) => this.#answer(call, target, () => this.#deliver(call, response), response),
      (error: unknown) => this.#answer(call, target, () => call.settle.reject(error), undefined),
    );
  }

  #answer(call: Call, { life }: Endpoint, arrive: () => void, response: AnyResponse | undefined): void {
    if (!life.alive) return;
    life.passed(pointOf(call.type, response));
    if (!life.alive) return;
    this.#open.get(life)?.delete(call);
    if (response !== undefined) this.#tell(life, call.from.identity.nodeId, response);
    const { delay } = this.links.fateOf(life.name, call.from.life.name);
    if (delay !== undefined) call.from.life.after(delay, arrive);
  }

  #deliver({ type, from, to, settle }: Call, response: AnyResponse): void {
    if (response.type === "appendEntriesResponse" && settle.isOpen()) this.#owner.heard(from.life, to, response);
    settle.resolve(this.#hop.response(type, response));
  }

  #tell(from: ProcessLife, to: NodeId, message: AnyRequest | AnyResponse): void {
    switch (message.type) {
      case "propose": case "proposeResponse": case "readIndex": case "readIndexResponse": case "admin": case "adminResponse": return;
      case "appendEntries": return this.#owner.sending(from, to, { ...message, entries: [] });
      default: return this.#owner.sending(from, to, message);
    }
  }
}

/** "n3:1" */
function idAt(address: string): NodeId {
  return address.slice(1, address.indexOf(":")) as NodeId;
}

export function nameOf(id: NodeId): string {
  return `n${id}`;
}

function pointOf(type: PeerMessageType, response: AnyResponse | undefined): string {
  if (response === undefined) return `answer.${type}.error`;
  if ("voteGranted" in response) return `answer.${type}.${response.voteGranted ? "granted" : "refused"}`;
  return `answer.${type}`;
}
