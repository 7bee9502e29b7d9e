// Looking for peers that have moved, as the identity of a node says that it was formed or joined by discovery.

import * as v from "valibot";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "../config/schema.ts";
import type { Raft } from "../host/region.ts";
import type { Transport } from "../host/transport.ts";
import type { Identity } from "../storage/data-dir.ts";
import { openDiscovery } from "./discovery/open-discovery.ts";
import { Rediscovery } from "./discovery/rediscovery.ts";
import type { MembershipDirectory } from "./peer-directory.ts";

export interface SearchingNode {
  readonly raft: Raft;
  readonly transport: Transport;
  readonly directory: MembershipDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
}

const remembered = v.object({ source: v.string() });

/** undefined for a node without a source. */
export function searchMovedPeers(identity: Identity, config: Config, { raft, transport, directory, clock, logger }: SearchingNode): Rediscovery | undefined {
  const parsed = v.safeParse(remembered, identity.settings["discovery"]);
  if (!parsed.success) return undefined;
  const { electionTimeout } = config.raft;
  const discovery = openDiscovery(parsed.output.source, { clock, intervalMs: config.discovery.interval, dnsServers: undefined });
  const search = new Rediscovery({
    clusterId: identity.clusterId, clock, logger, timeoutMs: config.network.connectTimeout, intervalMs: Math.max(config.discovery.interval, 2 * electionTimeout),
    lookup: () => discovery.lookup(),
    probe: (address, options) => transport.probe(address, options),
    hasLeader: () => raft.core.leader !== undefined,
    onFound: (id, address) => {
      const known = directory.addressOf(id);
      if (id === identity.nodeId || known === undefined || known === address) return;
      directory.heard(id, address);
      logger.info({ peer: id, address }, "a member was found at another address than the one it was known by");
    },
  });
  search.start();
  return search;
}
