// Where peers are and which of them may talk to us, from the memberships in the log. Before the log has brought one (a newcomer), what the admitting
// leader said; whoever proves the cluster id is heard then, because the leader's first message brings the membership.

import { RaftctlError } from "../base/errors.ts";
import { parseNodeId, type NodeId } from "../base/ids.ts";
import type { PeerDirectory } from "../host/transport.ts";
import type { Membership } from "../raft/membership.ts";
import type { PeerIdentity } from "../wire/peer-protocol.ts";

export class MembershipDirectory implements PeerDirectory {
  readonly #membership: () => Membership | undefined;
  #introduced: ReadonlyMap<NodeId, string> = new Map();
  readonly #heard = new Map<NodeId, { readonly peerAddress: string; readonly insteadOf: string }>();

  constructor(membership: () => Membership | undefined) {
    this.#membership = membership;
  }

  /**
   * A member says itself where it is, while nobody can reach it to bring that into the log: it is looked for there until the log knows an address that
   * is neither.
   */
  heard(id: NodeId, peerAddress: string): void {
    const known = this.#knownAddressOf(id);
    if (known !== undefined && known !== peerAddress) this.#heard.set(id, { peerAddress, insteadOf: known });
  }

  introduce(members: readonly { readonly id: string; readonly peerAddress: string }[]): void {
    this.#introduced = new Map(members.map(({ id, peerAddress }) => [parseNodeId(id), peerAddress]));
  }

  /** Everybody of whom an address is known. */
  get ids(): readonly NodeId[] {
    const members = this.#membership()?.members.map(({ id }) => id) ?? [];
    return [...new Set([...members, ...this.#introduced.keys()])];
  }

  addressOf(id: NodeId): string | undefined {
    const known = this.#knownAddressOf(id);
    const heard = this.#heard.get(id);
    return heard !== undefined && heard.insteadOf === known ? heard.peerAddress : known;
  }

  #knownAddressOf(id: NodeId): string | undefined {
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
