// Learners Never Count: an election is won, and an index committed, only with what a majority of voters has said, each of them once; what learners and
// strangers say decides nothing, however often it arrives (extended Raft paper §5.2 and §6; dissertation §4.2.1; H2, H27, H29).
//
// Recounted from what the others really sent: votes by term and candidate, acknowledgements by term and leader. The leader's own part is its disk's,
// which CommittedIsDurable asks.

import type { NodeId } from "../../../src/base/ids.ts";
import type { Membership } from "../../../src/raft/membership.ts";
import type { Message } from "../../../src/raft/message.ts";
import type { RaftEvent, Role } from "../../../src/raft/ready.ts";
import { ledBefore, ledNow, requirementsOf, type LedBefore } from "./commit-rule.ts";
import { haveMajorities } from "./majorities.ts";
import { Violation, type Property, type ReplicaView } from "./property.ts";

interface Seen {
  role: Role;
  term: number;
  membership: Membership;
}

/** By term: how far each follower has said that its log agrees. */
type Acknowledged = Map<number, Map<NodeId, number>>;

const termsRemembered = 64;

export class LearnersNeverCount implements Property {
  readonly name = "Learners Never Count";
  readonly #seen = new Map<NodeId, Seen>();
  readonly #led = new Map<NodeId, LedBefore>();
  /** By term: who has said to vote for whom. */
  readonly #votes = new Map<number, Map<NodeId, NodeId>>();
  /** By leader. A deposed one that sleeps has answers of its own term to read yet, when later ones are sent to it already. */
  readonly #acknowledged = new Map<NodeId, Acknowledged>();

  sending(replica: ReplicaView, to: NodeId, message: Message): void {
    switch (message.type) {
      case "requestVoteResponse":
        if (message.voteGranted) this.#voted(message.term, replica.id, to);
        return;
      case "appendEntriesResponse":
        if (message.success) this.#acknowledges(replica.id, to, message);
        return;
      case "installSnapshotResponse":
        return this.#acknowledges(replica.id, to, message);
      default:
        return;
    }
  }

  observed(replica: ReplicaView, event: RaftEvent): void {
    if (event.kind === "roleChanged" && event.role === "leader") this.#won(replica, event.term);
  }

  stepped(replica: ReplicaView): void {
    const { id, role, currentTerm, membership } = replica;
    const seen = this.#seen.get(id);
    if (seen === undefined) this.#seen.set(id, { role, term: currentTerm, membership });
    else if (seen.role !== role || seen.term !== currentTerm || seen.membership !== membership) {
      seen.role = role;
      seen.term = currentTerm;
      seen.membership = membership;
    }
    if (role === "leader") this.#leads(replica);
  }

  #voted(term: number, voter: NodeId, candidate: NodeId): void {
    let votes = this.#votes.get(term);
    if (votes === undefined) {
      this.#votes.set(term, (votes = new Map()));
      if (this.#votes.size > termsRemembered) this.#votes.delete(this.#votes.keys().next().value!);
    }
    votes.set(voter, candidate);
  }

  #acknowledges(follower: NodeId, leader: NodeId, { term, matchIndex }: { readonly term: number; readonly matchIndex: number }): void {
    let acknowledged = this.#acknowledged.get(leader);
    if (acknowledged === undefined) this.#acknowledged.set(leader, (acknowledged = new Map()));
    let by = acknowledged.get(term);
    if (by === undefined) {
      acknowledged.set(term, (by = new Map()));
      if (acknowledged.size > termsRemembered) acknowledged.delete(acknowledged.keys().next().value!);
    }
    if (matchIndex > (by.get(follower) ?? 0)) by.set(follower, matchIndex);
  }

  #won(replica: ReplicaView, term: number): void {
    const seen = this.#seen.get(replica.id);
    // A candidate's log, and so its membership, is what it was when it began.
    const membership = seen?.role === "candidate" && seen.term === term ? seen.membership : replica.membership;
    const votes = this.#votes.get(term);
    if (haveMajorities(membership, (id) => id === replica.id || votes?.get(id) === replica.id)) return;
    const voters = [...(votes ?? [])].filter(([, candidate]) => candidate === replica.id).map(([id]) => id);
    throw new Violation(
      this.name,
      `${replica.name} wins term ${term} with the votes of itself and of nodes ${voters.join(", ") || "none"}, where ${textOf(membership)} vote`,
    );
  }

  #leads(leader: ReplicaView): void {
    const seen = this.#led.get(leader.id);
    const isKnown = ledBefore(seen, leader);
    if (isKnown && seen.commitIndex === leader.commitIndex && seen.membership === leader.membership) return;
    this.#led.set(leader.id, ledNow(leader));
    if (!isKnown || leader.commitIndex === seen.commitIndex) return;
    const said = this.#acknowledged.get(leader.id)?.get(leader.currentTerm);
    for (const { membership, upTo } of requirementsOf(leader, seen.membership, seen.commitIndex + 1)) {
      if (haveMajorities(membership, (id) => id === leader.id || (said?.get(id) ?? 0) >= upTo)) continue;
      const heard = [...(said ?? [])].map(([id, index]) => `node ${id} index ${index}`);
      throw new Violation(
        this.name,
        `${leader.name} leads term ${leader.currentTerm} and commits index ${upTo}, where ${textOf(membership)} vote and have acknowledged: ${heard.join(", ") || "nothing"}`,
      );
    }
  }
}

function textOf({ voters, votersOutgoing }: Membership): string {
  const incoming = `nodes ${voters.join(", ")}`;
  return votersOutgoing.length === 0 ? incoming : `${incoming} and of nodes ${votersOutgoing.join(", ")}`;
}
