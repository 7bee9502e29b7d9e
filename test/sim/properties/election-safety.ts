// Election Safety: at most one leader is elected in a term, and only once (extended Raft paper, Figure 3 and §5.2).
//
// A node that led a term, crashed and leads the same term again is a second election: the votes of a term are used up. Whoever is followed as the
// leader of a term is that one as well.

import type { NodeId } from "../../../src/base/ids.ts";
import type { RaftEvent } from "../../../src/raft/ready.ts";
import { Violation, type Property, type ReplicaView } from "./property.ts";

interface Election {
  readonly leader: NodeId;
  /** undefined: known from a follower alone. */
  boot: number | undefined;
  /** The core itself has said that it won; it says so once. */
  announced: boolean;
}

export class ElectionSafety implements Property {
  readonly name = "Election Safety";
  readonly #elections = new Map<number, Election>();

  observed(replica: ReplicaView, event: RaftEvent): void {
    if (event.kind === "roleChanged" && event.role === "leader") this.#led(replica, event.term, true);
    if (event.kind === "leaderChanged" && event.leader !== undefined) this.#followed(replica, event.leader, event.term);
  }

  stepped(replica: ReplicaView): void {
    if (replica.role === "leader") this.#led(replica, replica.currentTerm, false);
  }

  #led({ id, name, boot }: ReplicaView, term: number, announced: boolean): void {
    const election = this.#elections.get(term);
    if (election === undefined) return void this.#elections.set(term, { leader: id, boot, announced });
    if (election.leader !== id) throw new Violation(this.name, `${name} leads term ${term}, and node ${election.leader} does as well`);
    if (election.boot !== undefined && (election.boot !== boot || (announced && election.announced))) {
      throw new Violation(this.name, `${name} was elected in term ${term} in boot ${election.boot}, and again in boot ${boot}`);
    }
    election.boot = boot;
    election.announced ||= announced;
  }

  #followed({ name }: ReplicaView, leader: NodeId, term: number): void {
    const election = this.#elections.get(term);
    if (election === undefined) this.#elections.set(term, { leader, boot: undefined, announced: false });
    else if (election.leader !== leader) {
      throw new Violation(this.name, `${name} follows node ${leader} in term ${term}, which node ${election.leader} leads`);
    }
  }
}
