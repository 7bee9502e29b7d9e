// What a node says of itself: identity, process, version.

import { isLoopback, parseAddress } from "../config/address.ts";
import type { LoadedConfig } from "../config/load.ts";
import { dataFormat, type Identity } from "../storage/data-dir.ts";
import type { AdminMethods, DaemonStatus, NodeStatus } from "../wire/admin-protocol.ts";
import { clusterVersions, type ClusterVersions } from "../wire/cluster-version.ts";
import { protocolVersion } from "../wire/handshake.ts";
import { programVersion } from "./version.ts";

export interface Addresses {
  readonly peer: string;
  readonly client: string;
  /** undefined when none is served. */
  readonly http: string | undefined;
}

export interface NodeFacts extends Addresses {
  readonly uptimeMs: number;
  readonly eventLoopLagP99Ms: number;
  readonly warnings: NodeStatus["warnings"];
}

export function nodeReport(identity: Identity, facts: NodeFacts): Omit<NodeStatus, "regions"> {
  return {
    clusterId: identity.clusterId,
    clusterIncarnation: identity.clusterIncarnation,
    nodeId: identity.nodeId,
    name: identity.name,
    version: programVersion,
    uptimeMs: Math.round(facts.uptimeMs),
    peerAddress: facts.peer,
    clientAddress: facts.client,
    ...(facts.http !== undefined && { httpAddress: facts.http }),
    eventLoopLagP99Ms: Math.round(facts.eventLoopLagP99Ms * 10) / 10,
    warnings: [...plaintextWarnings(facts), ...facts.warnings],
  };
}

/** Of traffic that leaves this machine in clear text; on loopback nobody else hears it. */
export function plaintextWarnings({ peer, client, http }: Addresses): NodeStatus["warnings"] {
  const warnings: NodeStatus["warnings"] = [];
  if (!isLoopback(parseAddress(peer).host)) warnings.push({ code: "PEER_PLAINTEXT", message: `traffic between nodes is not encrypted (${peer})` });
  if (!isLoopback(parseAddress(client).host)) warnings.push({ code: "CLIENT_PLAINTEXT", message: `traffic of clients is not encrypted (${client})` });
  if (http !== undefined && !isLoopback(parseAddress(http).host)) warnings.push({ code: "HTTP_PLAINTEXT", message: `traffic of clients over HTTP is not encrypted (${http})` });
  return warnings;
}

export function daemonReport({ config, configHash }: LoadedConfig, facts: Pick<DaemonStatus, "state" | "uptimeMs"> & Addresses): DaemonStatus {
  return {
    pid: process.pid,
    uptimeMs: Math.round(facts.uptimeMs),
    state: facts.state,
    socket: config.adminSocket,
    listeners: { peer: facts.peer, client: facts.client, ...(facts.http !== undefined && { http: facts.http }) },
    configHash,
    dataDir: config.dataDir,
  };
}

export function versionReport(name: string, { oldest, newest }: ClusterVersions = clusterVersions): AdminMethods["version"]["result"] {
  return { version: programVersion, node: process.version, protocol: protocolVersion, dataFormat, name, levels: { min: oldest, max: newest } };
}
