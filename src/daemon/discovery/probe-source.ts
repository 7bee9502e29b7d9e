// One look at a source, and a knock at every address that it names. Nothing is joined or changed.

import { toRaftctlError } from "../../base/errors.ts";
import { SystemClock } from "../../platform/system-clock.ts";
import type { ProbedNode } from "../../wire/probed-node.ts";
import { withProbe, type Probe } from "../probe.ts";
import type { DiscoveredNode } from "./discovery.ts";
import { openDiscovery } from "./open-discovery.ts";

export interface SourceQuestion {
  readonly source: string;
  readonly dnsServers: readonly string[] | undefined;
  /** Of each handshake, ms. */
  readonly timeoutMs: number;
}

/** @throws what `Discovery.lookup` throws */
export async function probeSource({ source, dnsServers, timeoutMs }: SourceQuestion): Promise<{ readonly source: string; readonly hosts: readonly ProbedNode[] }> {
  const discovery = openDiscovery(source, { clock: new SystemClock(), intervalMs: timeoutMs, dnsServers });
  const nodes = await discovery.lookup();
  const hosts = await withProbe("discovery probe", (probe) => Promise.all(nodes.map((node) => probeNode(node, probe, timeoutMs))));
  return { source: discovery.source, hosts };
}

async function probeNode({ address, regions }: DiscoveredNode, probe: Probe, timeoutMs: number): Promise<ProbedNode> {
  const said = { address, regions: regions ?? null };
  try {
    const { nodeId, name, clusterId } = await probe(address, { timeoutMs });
    return { ...said, reachable: true, nodeId, name, clusterId: clusterId ?? null, error: null };
  } catch (thrown) {
    const { code, message } = toRaftctlError(thrown);
    return { ...said, reachable: false, nodeId: null, name: null, clusterId: null, error: { code, message } };
  }
}
