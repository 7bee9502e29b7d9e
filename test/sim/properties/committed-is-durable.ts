// Committed Is Durable: when a leader's commitIndex moves to an index, its entry is durable on the disks of a quorum, and the last entry that the
// leader commits by counting is of its own term (extended Raft paper §5.3, §5.4.2 and §6; dissertation §10.2.1; H10, H16, H17, H19, H27).
//
// The disks themselves are asked, not the nodes. A disk whose node is down counts with what it held when its process died: an acknowledgement that is
// still on its way was true, whatever has become of the disk since. An index that is first seen to be committed at a follower, because its leader died
// in the event in which it committed, may have been counted before or after the step of a change that the follower's log ends with: a joint membership
// in it asks for the majority of C_old or of C_new then, one of which every membership needs that the leader may have had.

import type { NodeId } from "../../../src/base/ids.ts";
import { isJoint, type Membership } from "../../../src/raft/membership.ts";
import { ledBefore, ledNow, requirementsOf, type LedBefore } from "./commit-rule.ts";
import { DurableCopy } from "./durable-copy.ts";
import { haveMajorities } from "./majorities.ts";
import { Violation, type Disks, type DurableLog, type Property, type ReplicaView } from "./property.ts";

export class CommittedIsDurable implements Property {
  readonly name = "Committed Is Durable";
  readonly #disks: Disks;
  readonly #led = new Map<NodeId, LedBefore>();
  readonly #ids = new Map<string, NodeId>();
  /** What the disks of nodes that are down held when they went down. */
  readonly #down = new Map<NodeId, DurableLog>();
  /** Every index up to here was found durable. */
  #checkedIndex = 0;

  constructor(disks: Disks) {
    this.#disks = disks;
  }

  booted(replica: ReplicaView): void {
    // A founded region begins with an entry that nobody has counted for.
    if (this.#checkedIndex === 0) this.#checkedIndex = replica.commitIndex;
    this.#ids.set(replica.name, replica.id);
    this.#down.delete(replica.id);
  }

  crashed(name: string): void {
    const id = this.#ids.get(name);
    const disk = id === undefined ? undefined : this.#disks.durableLogOf(id);
    if (id !== undefined && disk !== undefined && !this.#down.has(id)) this.#down.set(id, new DurableCopy(disk));
  }

  stepped(replica: ReplicaView): void {
    if (replica.role === "leader") return this.#leads(replica);
    // What it committed in the very event in which it stepped down, it counted as a leader.
    if (ledBefore(this.#led.get(replica.id), replica)) {
      this.#leads(replica);
      this.#led.delete(replica.id);
    } else if (replica.commitIndex > this.#checkedIndex) this.#learned(replica);
  }

  #leads(leader: ReplicaView): void {
    const seen = this.#led.get(leader.id);
    const isKnown = ledBefore(seen, leader);
    if (isKnown && seen.commitIndex === leader.commitIndex && seen.membership === leader.membership) return;
    this.#led.set(leader.id, ledNow(leader));
    if (isKnown && leader.commitIndex > seen.commitIndex) this.#countsItsOwnTerm(leader);
    if (leader.commitIndex <= this.#checkedIndex) return;
    if (!isKnown) return this.#learned(leader);
    const first = this.#checkedIndex + 1;
    this.#checkedIndex = leader.commitIndex;
    for (const { membership, upTo } of requirementsOf(leader, seen.membership, first)) this.#areDurable(leader, [membership], { first, last: upTo });
  }

  /** Figure 8: an entry of an earlier term is committed only by one of the leader's own that follows it. */
  #countsItsOwnTerm(leader: ReplicaView): void {
    const term = leader.termAt(leader.commitIndex);
    if (term === leader.currentTerm) return;
    throw new Violation(this.name, `${leader.name} leads term ${leader.currentTerm} and commits index ${leader.commitIndex} of term ${term} by counting`);
  }

  /** Nobody has seen who counted, nor under which membership. */
  #learned(replica: ReplicaView): void {
    const first = this.#checkedIndex + 1;
    this.#checkedIndex = replica.commitIndex;
    this.#areDurable(replica, possibleMemberships(replica.membership), { first, last: replica.commitIndex });
  }

  /** @param memberships one of which the leader has counted under. */
  #areDurable(replica: ReplicaView, memberships: readonly Membership[], { first, last }: { first: number; last: number }): void {
    const logs = new Map<NodeId, DurableLog | undefined>();
    const ids = memberships.flatMap(({ voters, votersOutgoing }) => [...voters, ...votersOutgoing]);
    for (const id of ids) logs.set(id, this.#down.get(id) ?? this.#disks.durableLogOf(id));
    for (let index = Math.max(first, replica.snapshotIndex + 1); index <= last; index += 1) {
      const term = replica.termAt(index)!;
      if (memberships.some((membership) => haveMajorities(membership, (id) => holds(logs.get(id), index, term)))) continue;
      const holders = [...logs].filter(([, log]) => holds(log, index, term)).map(([id]) => id);
      throw new Violation(
        this.name,
        `${replica.name} has committed index ${index} of term ${term}, which is durable on ${holders.length === 0 ? "no disk" : `nodes ${holders.join(", ")}`} only`,
      );
    }
  }
}

function possibleMemberships(latest: Membership): readonly Membership[] {
  const cNew = { ...latest, votersOutgoing: [] };
  return isJoint(latest) ? [cNew, { ...cNew, voters: latest.votersOutgoing }] : [cNew];
}

function holds(log: DurableLog | undefined, index: number, term: number): boolean {
  return log !== undefined && (index <= log.snapshotIndex || log.termAt(index) === term);
}
