// A network between the nodes of one process, for tests and first steps: messages are handed over in a later turn of the event loop, and a node can be cut
// off. Everything else is as over sockets: a call settles within its timeout, and who is not there is UNREACHABLE.

import { RaftctlError } from "../base/errors.ts";
import { parseNodeId, type NodeId, type RegionId } from "../base/ids.ts";
import type { RaftClusterMember, RaftReceiver, RpcOptions } from "../host/transport.ts";
import { peerMessageTypes } from "../wire/peer-protocol.ts";
import type { MemberNetwork } from "./options.ts";

type Call = keyof RaftReceiver;
type Handler = (from: NodeId, region: RegionId, rpc: unknown) => Promise<unknown>;

const calls = Object.keys(peerMessageTypes) as readonly Call[];

export class MemoryNetwork {
  readonly #receivers = new Map<NodeId, RaftReceiver>();
  readonly #cutOff = new Set<string>();

  /** The place of one node: what `Raft.start` takes as its network. */
  connect(id: string): MemberNetwork {
    const self = parseNodeId(id);
    return {
      network: { forGroup: (region) => this.#memberOf(self, region) },
      start: async (receiver) => void this.#receivers.set(self, receiver),
      stop: async () => void this.#receivers.delete(self),
    };
  }

  /** Nothing reaches this node and nothing that it sends arrives, until `heal`. */
  cutOff(id: string): void {
    this.#cutOff.add(id);
  }

  heal(): void {
    this.#cutOff.clear();
  }

  #memberOf(from: NodeId, region: RegionId): RaftClusterMember {
    const send = (call: Call) => (to: NodeId, rpc: unknown, options: RpcOptions) => this.#call({ from, to, region, call }, rpc, options);
    return Object.fromEntries(calls.map((call) => [call, send(call)])) as unknown as RaftClusterMember;
  }

  async #call({ from, to, region, call }: { from: NodeId; to: NodeId; region: RegionId; call: Call }, rpc: unknown, { timeoutMs }: RpcOptions): Promise<unknown> {
    await laterTurn();
    const receiver = this.#receivers.get(to);
    if (receiver === undefined || !this.#receivers.has(from)) throw new RaftctlError("UNREACHABLE", `node ${to} is not on this network`, { details: { sent: false } });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => reject(new RaftctlError("TIMEOUT", `node ${to} did not answer within ${timeoutMs} ms`, { details: { sent: true } })), timeoutMs);
    const connected = (): boolean => !this.#cutOff.has(from) && !this.#cutOff.has(to);
    if (connected()) {
      (receiver[call] as Handler)(from, region, rpc).then((answer) => connected() && resolve(answer), (error: unknown) => connected() && reject(error));
    }
    return promise.finally(() => clearTimeout(timer));
  }
}

function laterTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
