// Where peers are and which of them may talk to us, from the memberships in the log. Before the log has brought one (a newcomer), what the admitting
// leader said; whoever proves the cluster id is heard then, because the leader's first message brings the membership.

import { RaftctlError } from "../base/errors.ts";
import type { NodeId } from "../base/ids.ts";
import type { PeerDirectory } from "../host/transport.ts";
import type { Membership } from "../raft/membership.ts";
import type { PeerIdentity } from "../wire/peer-protocol.ts";

export class MembershipDirectory implements PeerDirectory {
  readonly #membership: () => Membership | undefined;
  #introduced: ReadonlyMap<string, string> = new Map();

  constructor(membership: () => Membership | undefined) {
    this.#membership = membership;
  }

  introduce(members: readonly { readonly id: string; readonly peerAddress: string }[]): void {
    this.#introduced = new Map(members.map(({ id, peerAddress }) => [id, peerAddress]));
  }

  addressOf(id: NodeId): string | undefined {
    const member = this.#membership()?.members.find((candidate) => candidate.id === id);
    return member?.peerAddress ?? this.#introduced.get(id);
  }

  refusalOf(peer: PeerIdentity): Error | undefined {
    const member = this.#membership()?.members.find((candidate) => candidate.id === peer.nodeId);
    if (member !== undefined && peer.incarnation < member.incarnation) {
      return new RaftctlError("INCARNATION_REFUSED", `node ${peer.nodeId} (${peer.name}) comes with incarnation ${peer.incarnation}, the cluster knows ${member.incarnation}: its disk was replaced by an older one`, {
        hint: "remove this member and join again with an empty directory",
      });
    }
    return undefined;
  }
}
