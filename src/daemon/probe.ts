// Knocking at addresses without belonging to anything: a handshake that asks who is there, over TCP, and over HTTP where that is spoken.

import { randomBytes } from "node:crypto";
import { RaftctlError } from "../base/errors.ts";
import { nodeIdFromBigint, type NodeId } from "../base/ids.ts";
import { Prng } from "../base/prng.ts";
import type { Config } from "../config/schema.ts";
import type { ProbedPeer } from "../host/transport.ts";
import type { HttpTransport } from "../platform/http-transport.ts";
import { SystemClock } from "../platform/system-clock.ts";
import { TcpTransport } from "../platform/tcp-transport.ts";
import { programVersion } from "./version.ts";

export interface Knocked extends ProbedPeer {
  /** What the node speaks with its peers. */
  readonly transport: Config["peer"]["transport"];
}

export type Probe = (address: string, options: { readonly timeoutMs: number }) => Promise<Knocked>;

/** @param name what the other side is told of who asks. */
export async function withProbe<T>(name: string, use: (probe: Probe) => Promise<T>): Promise<T> {
  const options = {
    clock: new SystemClock(),
    prng: new Prng(1),
    identity: { clusterId: undefined, clusterIncarnation: undefined, nodeId: randomNodeId(), incarnation: 1, name, regions: [], version: programVersion },
    directory: { addressOf: () => undefined, refusalOf: () => undefined },
    address: { host: "127.0.0.1", port: 0 },
  };
  const tcp = new TcpTransport(options);
  let http: HttpTransport | undefined;
  const probe: Probe = async (address, limit) => {
    const overTcp = await tcp.probe(address, limit).catch(unlessHttp);
    if (overTcp !== undefined) return { ...overTcp, transport: "tcp" };
    // Rare, and node:http takes long to load.
    const { HttpTransport: OverHttp } = await import("../platform/http-transport.ts");
    http ??= new OverHttp(options);
    return { ...(await http.probe(address, limit)), transport: "http" };
  };
  try {
    return await use(probe);
  } finally {
    await Promise.all([tcp.stop(), http?.stop()]);
  }
}

/** A node that speaks HTTP with its peers has answered the knock in HTTP. */
function unlessHttp(error: unknown): undefined {
  if (!(error instanceof RaftctlError) || error.details?.["speaks"] !== "http-response") throw error;
}

/** Never 0: that would be no node. */
export function randomNodeId(): NodeId {
  const value = randomBytes(8).readBigUInt64LE();
  return nodeIdFromBigint(value === 0n ? 1n : value);
}
