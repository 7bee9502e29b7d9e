// Who a node says that it is: in handshakes, and to nodes that look for others to form a cluster with.

import { RaftctlError } from "../base/errors.ts";
import { globalRegion } from "../base/ids.ts";
import type { Membership } from "../raft/membership.ts";
import type { Identity } from "../storage/data-dir.ts";
import type { FormationAnswer, FormationQuestion } from "../wire/admin-protocol.ts";
import type { LocalIdentity } from "../wire/handshake.ts";
import { programVersion } from "./version.ts";

export function localIdentity({ clusterId, clusterIncarnation, nodeId, incarnation, name }: Identity): LocalIdentity {
  return { clusterId, clusterIncarnation, nodeId, incarnation, name, regions: [globalRegion], version: programVersion };
}

/** With how far each of its regions is at that moment. */
export function atPosition(identity: LocalIdentity, committed: () => readonly number[]): LocalIdentity {
  return Object.create(identity, { committed: { get: committed } }) as LocalIdentity;
}

/**
 * The cluster is there: whoever is still forming joins it.
 * @throws CONFLICT for a name that a member has: joining would fail with it
 */
export function formationAnswer({ clusterId, clusterIncarnation, nodeId, name }: Identity, { members }: Membership, asker: FormationQuestion): FormationAnswer {
  const taken = members.find((member) => member.name === asker.name && member.id !== asker.nodeId);
  if (taken !== undefined) {
    throw new RaftctlError("CONFLICT", `cluster ${clusterId} has a member called ${asker.name} already`, { hint: "another --name, or raftctl member remove if that one is gone for good" });
  }
  return { nodeId, name, cluster: { id: clusterId, incarnation: clusterIncarnation }, vote: null };
}
