// One Change In Flight: a leader starts a membership change only when an entry of its own term is committed and no earlier membership entry of its log is
// uncommitted, and one step leads to the next: a change of voters goes through a joint membership, which is left to exactly what it announced
// (extended Raft paper §6; dissertation §4.1 and §4.3; Ongaro's correction of 2015; H26, H27).
//
// A new leader may have several membership entries beyond its commitIndex, because it has not learnt yet how far its predecessor committed. So only
// what a leader appends itself is judged.

import type { NodeId } from "../../../src/base/ids.ts";
import { entryTypes, type Entry } from "../../../src/raft/entry.ts";
import { decodeMembership } from "../../../src/raft/membership-codec.ts";
import { isJoint, type Membership } from "../../../src/raft/membership.ts";
import { LogRecords } from "./log-record.ts";
import { Violation, type Property, type ReplicaView } from "./property.ts";

interface InForce {
  readonly boot: number;
  /** Of the latest membership entry that is still in the log; 0 when it lies in the snapshot. */
  index: number;
  membership: Membership;
}

export class OneChangeInFlight implements Property {
  readonly name = "One Change In Flight";
  readonly #logs = new LogRecords();
  readonly #inForce = new Map<NodeId, InForce>();

  stepped(replica: ReplicaView): void {
    const log = this.#logs.of(replica);
    const agreed = log.agreement(replica);
    if (agreed === undefined) return;
    const inForce = this.#inForceOf(replica);
    // A new membership is a new object; as long as it is the same one, nothing that was added is a membership.
    if (inForce.membership !== replica.membership) this.#follow(replica, inForce, agreed + 1);
    log.update(replica, agreed);
  }

  #inForceOf(replica: ReplicaView): InForce {
    const { id, boot, membership } = replica;
    let inForce = this.#inForce.get(id);
    if (inForce?.boot !== boot) this.#inForce.set(id, (inForce = { boot, index: lastMembershipEntry(replica)?.index ?? 0, membership }));
    return inForce;
  }

  #follow(replica: ReplicaView, inForce: InForce, first: number): void {
    const isOwn = replica.role === "leader";
    for (const entry of replica.entriesBetween(first, replica.lastIndex)) {
      if (entry.type !== entryTypes.membership) continue;
      const next = decodeMembership(entry.data);
      if (isOwn && entry.term === replica.currentTerm) this.#checkStarted(replica, inForce, { entry, next });
      inForce.index = entry.index;
      inForce.membership = next;
    }
    const last = lastMembershipEntry(replica);
    inForce.index = last?.index ?? 0;
    inForce.membership = replica.membership;
  }

  #checkStarted(leader: ReplicaView, before: InForce, { entry, next }: { readonly entry: Entry; readonly next: Membership }): void {
    const { name, currentTerm, commitIndex } = leader;
    const what = `${name} appends a membership at index ${entry.index} in term ${currentTerm}`;
    if (before.index > commitIndex) throw new Violation(this.name, `${what} while the one at index ${before.index} is not committed`);
    if (leader.termAt(commitIndex) !== currentTerm) throw new Violation(this.name, `${what} before an entry of that term is committed`);
    if (!isStep(before.membership, next)) throw new Violation(this.name, `${what} that is not one step from the one before it`);
  }
}

function lastMembershipEntry(replica: ReplicaView): Entry | undefined {
  return replica.entriesBetween(replica.snapshotIndex + 1, replica.lastIndex).findLast((entry) => entry.type === entryTypes.membership);
}

function isStep(before: Membership, next: Membership): boolean {
  if (isJoint(before)) return !isJoint(next) && isSame(before.voters, next.voters) && isSame([...before.learners, ...before.learnersNext], next.learners);
  return isSame(before.voters, isJoint(next) ? next.votersOutgoing : next.voters);
}

function isSame(left: readonly NodeId[], right: readonly NodeId[]): boolean {
  return left.length === right.length && left.every((id) => right.includes(id));
}
