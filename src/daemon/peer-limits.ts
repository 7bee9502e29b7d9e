// What the configuration says of the connections between nodes.

import type { Config } from "../config/schema.ts";
import { type TcpTransportLimits, tcpTransportLimitsDefault } from "../platform/tcp-transport.ts";

/**
 * A member that comes back hears of its leader before it would stand for election, however long it was away: its leader dials it with the first heartbeat
 * behind the back-off, and heartbeats are at most a third of the shortest election timeout apart (config/checks.ts).
 */
export function peerLimits({ network, raft }: Config): Pick<TcpTransportLimits, "connectTimeoutMs" | "handshakeTimeoutMs" | "backoffMsMax"> {
  return {
    connectTimeoutMs: network.connectTimeout,
    handshakeTimeoutMs: network.handshakeTimeout,
    backoffMsMax: Math.min(tcpTransportLimitsDefault.backoffMsMax, raft.electionTimeout / 2),
  };
}
