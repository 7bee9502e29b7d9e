// Two nodes that talk, and the few calls that the claims about transports are made with.

import type { RaftClusterMember } from "../host/transport.ts";
import type { ProposeRpcResponse } from "../wire/peer-protocol.ts";
import { region, type TestNode, type TransportCluster } from "./transport-cluster.ts";

export { region } from "./transport-cluster.ts";

export const soon = { timeoutMs: 5_000 };

/** Ids at both ends of their range. */
export async function pairOf(cluster: TransportCluster): Promise<[TestNode, TestNode]> {
  return [await cluster.add("1"), await cluster.add("18446744073709551615")];
}

export function callOf(node: TestNode): RaftClusterMember {
  return node.transport.network.forGroup(region);
}

export function propose(from: TestNode, to: TestNode, command: number, timeoutMs = 5_000): Promise<ProposeRpcResponse> {
  return callOf(from).propose(to.id, { type: "propose", hops: 1, waitFor: "applied", timeoutMs, command: Uint8Array.of(command >> 8, command) }, { timeoutMs });
}

export function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** Equal for equal messages, whatever kind of byte array carries their bytes, and with absent fields left out. */
export function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined).map(([key, part]) => [key, comparable(part)]));
}
