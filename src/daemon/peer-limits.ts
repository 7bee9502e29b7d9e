// What the configuration says of the connections between nodes.

import type { Config } from "../config/schema.ts";
import { type TcpTransportLimits, tcpTransportLimitsDefault } from "../platform/tcp-transport.ts";

/**
 * A member that comes back hears of its leader before it would stand for election: the leader dials it again at least twice in the shortest
 * election timeout, however long it was away.
 */
export function peerLimits({ network, raft }: Config): Pick<TcpTransportLimits, "connectTimeoutMs" | "handshakeTimeoutMs" | "backoffMsMax"> {
  return {
    connectTimeoutMs: network.connectTimeout,
    handshakeTimeoutMs: network.handshakeTimeout,
    backoffMsMax: Math.min(tcpTransportLimitsDefault.backoffMsMax, raft.electionTimeout / 2),
  };
}
