// A few transports of one kind that know each other's addresses, with receivers that record and answer. For the conformance suite.

import type { NodeId } from "../base/ids.ts";
import { parseClusterId, parseNodeId, parseRegionId } from "../base/ids.ts";
import type { PeerDirectory, RaftReceiver, Transport } from "../host/transport.ts";
import type { LocalIdentity } from "../wire/handshake.ts";
import { peerMessageTypes, type PeerCalls, type PeerMessageType } from "../wire/peer-protocol.ts";
import { peerResponses } from "./peer-samples.ts";

export const clusterId = parseClusterId("0123456789abcdef0123456789abcdef");
export const otherClusterId = parseClusterId("fedcba9876543210fedcba9876543210");
export const region = parseRegionId(1);

/** Makes a transport that is not started yet. */
export type CreateTransport = (setup: { readonly identity: LocalIdentity; readonly directory: PeerDirectory }) => TransportWithAddress;
export type TransportWithAddress = Transport & { readonly address: unknown };

export interface RecordedCall {
  readonly from: NodeId;
  readonly region: number;
  readonly type: PeerMessageType;
  readonly rpc: PeerCalls[PeerMessageType]["request"];
}

export type Answer = (call: RecordedCall) => Promise<unknown>;

export interface TestNode {
  readonly id: NodeId;
  readonly transport: TransportWithAddress;
  readonly received: RecordedCall[];
  /** What the receiver answers with; by default the sample response of the type. */
  answer: Answer;
  address(): string;
}

export class TransportCluster {
  readonly addresses = new Map<NodeId, string>();
  readonly refusals = new Map<NodeId, Error>();
  readonly nodes: TestNode[] = [];
  readonly #create: CreateTransport;

  constructor(create: CreateTransport) {
    this.#create = create;
  }

  /** @param overrides of the identity, for a node that is not what it should be. */
  async add(id: string, overrides: Partial<LocalIdentity> = {}): Promise<TestNode> {
    const nodeId = parseNodeId(id);
    const identity: LocalIdentity = { clusterId, clusterIncarnation: 1, nodeId, incarnation: 1, name: `n${id}`, regions: [region], version: "0.1.0", ...overrides };
    const directory: PeerDirectory = { addressOf: (target) => this.addresses.get(target), refusalOf: (peer) => this.refusals.get(peer.nodeId) };
    const transport = this.#create({ identity, directory });
    const node: TestNode = {
      id: nodeId, transport, received: [], answer: async (call) => peerResponses[call.type], address: () => addressText(transport.address),
    };
    await transport.start(receiverFor(node));
    this.nodes.push(node);
    this.addresses.set(nodeId, node.address());
    return node;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.transport.stop()));
  }
}

function receiverFor(node: TestNode): RaftReceiver {
  const types = Object.keys(peerMessageTypes) as PeerMessageType[];
  const handle = (type: PeerMessageType) => async (from: NodeId, group: number, rpc: RecordedCall["rpc"]) => {
    const call: RecordedCall = { from, region: group, type, rpc };
    node.received.push(call);
    return node.answer(call);
  };
  return Object.fromEntries(types.map((type) => [type, handle(type)])) as unknown as RaftReceiver;
}

function addressText(address: unknown): string {
  if (typeof address === "string") return address;
  const { host, port } = address as { host: string; port: number };
  return `${host}:${port}`;
}
