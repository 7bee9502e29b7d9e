// Knocking at addresses without belonging to anything: a handshake that asks who is there.

import { randomBytes } from "node:crypto";
import { nodeIdFromBigint, type NodeId } from "../base/ids.ts";
import { Prng } from "../base/prng.ts";
import type { ProbedPeer } from "../host/transport.ts";
import { SystemClock } from "../platform/system-clock.ts";
import { TcpTransport } from "../platform/tcp-transport.ts";
import { programVersion } from "./version.ts";

export type Probe = (address: string, options: { readonly timeoutMs: number }) => Promise<ProbedPeer>;

/** @param name what the other side is told of who asks. */
export async function withProbe<T>(name: string, use: (probe: Probe) => Promise<T>): Promise<T> {
  const transport = new TcpTransport({
    clock: new SystemClock(),
    prng: new Prng(1),
    identity: { clusterId: undefined, clusterIncarnation: undefined, nodeId: randomNodeId(), incarnation: 1, name, regions: [], version: programVersion },
    directory: { addressOf: () => undefined, refusalOf: () => undefined },
    address: { host: "127.0.0.1", port: 0 },
  });
  try {
    return await use((address, options) => transport.probe(address, options));
  } finally {
    await transport.stop();
  }
}

/** Never 0: that would be no node. */
export function randomNodeId(): NodeId {
  const value = randomBytes(8).readBigUInt64LE();
  return nodeIdFromBigint(value === 0n ? 1n : value);
}
