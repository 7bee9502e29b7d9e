// The rare requests that nodes hand to each other, as the daemon's admin handlers answer them: joining and membership changes.

import { RaftctlError } from "../../../src/base/errors.ts";
import { keepAliveAtLeader } from "../../../src/daemon/lease-reports.ts";
import type { MembershipDirectory } from "../../../src/daemon/peer-directory.ts";
import type { AdminHandler, HostedRegion } from "../../../src/host/host.ts";
import type { MemberChange } from "../../../src/host/member-change.ts";
import { standingOf, type Asker } from "../../../src/host/standing-check.ts";
import type { MembershipChange } from "../../../src/raft/membership.ts";
import type { AdminMethods, JoinRequest } from "../../../src/wire/admin-protocol.ts";

export interface Administered extends HostedRegion {
  readonly memberChange: MemberChange;
}

export function administration(process: () => Administered, directory: MembershipDirectory): AdminHandler {
  return async (_from, _region, { method, params, timeoutMs, hops }) => {
    const { raft, gateway, lessor, memberChange } = process();
    if (method === "standing") {
      const asker = params as Asker;
      directory.heard(asker.id, asker.peerAddress);
      return standingOf(raft, asker);
    }
    const here = async (): Promise<unknown> => {
      if (method === "leaseKeepAlive") return keepAliveAtLeader(lessor, params as AdminMethods["leaseKeepAlive"]["params"], timeoutMs);
      if (raft.core.role !== "leader") throw new RaftctlError("NOT_LEADER", "this node was asked as the leader and is not");
      if (method === "join") return memberChange.admit(params as JoinRequest);
      return { index: await memberChange.change((params as { change: MembershipChange }).change) };
    };
    return hops > 0 ? here() : gateway.administer({ method, params, timeoutMs }, here);
  };
}
