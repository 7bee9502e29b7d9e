// `raftctl discovery probe`: what a source says and who answers there, as a document and a table, and what is wrong with it.

import { RaftctlError } from "../base/errors.ts";
import type { ProbedNode } from "../wire/probed-node.ts";
import { renderTable } from "./table.ts";
import { visible } from "./terminal.ts";

export interface DiscoveryDocument {
  readonly source: string;
  readonly hosts: readonly ProbedNode[];
  readonly reachable: readonly string[];
  readonly identity: { readonly clusterIds: readonly string[] };
}

export function discoveryDocument({ source, hosts }: { readonly source: string; readonly hosts: readonly ProbedNode[] }): DiscoveryDocument {
  const clusterIds = new Set(hosts.flatMap(({ clusterId }) => clusterId ?? []));
  return { source, hosts, reachable: hosts.filter(({ reachable }) => reachable).map(({ address }) => address), identity: { clusterIds: [...clusterIds].toSorted() } };
}

/** undefined: as it should be. */
export function discoveryFinding({ source, hosts, reachable, identity }: DiscoveryDocument): RaftctlError | undefined {
  if (hosts.length === 0) return new RaftctlError("NOT_FOUND", `${source} names no node`, { hint: "give it the peer addresses of the nodes" });
  const silent = hosts.filter((host) => !host.reachable).map(({ address }) => address);
  if (silent.length > 0) return new RaftctlError("UNHEALTHY", `${reachable.length} of ${hosts.length} nodes answer; not ${silent.join(", ")}`, { hint: "check that the daemons run, and the firewall" });
  if (identity.clusterIds.length > 1) return new RaftctlError("UNHEALTHY", `the nodes belong to ${identity.clusterIds.length} clusters: ${identity.clusterIds.join(", ")}`, { hint: "take the nodes of all clusters but one out of the source" });
  return undefined;
}

export function discoveryText({ hosts }: DiscoveryDocument): string {
  return renderTable(hosts, [
    { title: "ADDRESS", cell: ({ address }) => visible(address) },
    { title: "NODE", cell: ({ name }) => visible(name ?? "-") },
    { title: "CLUSTER", cell: ({ reachable, clusterId }) => clusterId ?? (reachable ? "none yet" : "-") },
    { title: "REGIONS", cell: ({ regions }) => visible(regions?.join(",") ?? "-") },
    { title: "ANSWER", cell: ({ error }) => (error === null ? "ok" : visible(`${error.code}: ${error.message}`)) },
  ]);
}
