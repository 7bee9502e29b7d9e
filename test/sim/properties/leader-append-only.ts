// Leader Append-Only: while a node leads, it never overwrites or deletes an entry of its own log (extended Raft paper, Figure 3 and §5.3).
//
// Compaction deletes nothing: what a snapshot holds stays. A leader that has stepped down may be truncated in the same event.

import type { NodeId } from "../../../src/base/ids.ts";
import type { RaftEvent } from "../../../src/raft/ready.ts";
import { LogRecords } from "./log-record.ts";
import { Violation, type Property, type ReplicaView } from "./property.ts";

interface Leading {
  readonly boot: number;
  readonly term: number;
}

export class LeaderAppendOnly implements Property {
  readonly name = "Leader Append-Only";
  readonly #logs = new LogRecords();
  /** When each replica was last seen, it led this term. */
  readonly #leading = new Map<NodeId, Leading>();
  /** As the core tells it, event by event. */
  readonly #leads = new Set<NodeId>();

  booted(replica: ReplicaView): void {
    this.#leads.delete(replica.id);
  }

  observed(replica: ReplicaView, event: RaftEvent): void {
    if (event.kind === "roleChanged") {
      if (event.role === "leader") this.#leads.add(replica.id);
      else this.#leads.delete(replica.id);
    }
    if (event.kind !== "logTruncated") return;
    this.#logs.of(replica).truncated(event.fromIndex);
    if (this.#leads.has(replica.id)) throw new Violation(this.name, `${replica.name} leads and deletes its log from index ${event.fromIndex} on`);
  }

  stepped(replica: ReplicaView): void {
    const log = this.#logs.of(replica);
    const agreed = log.agreement(replica);
    const isLeader = replica.role === "leader";
    const leading = isLeader ? this.#leading.get(replica.id) : undefined;
    const stillLeads = leading?.term === replica.currentTerm && leading.boot === replica.boot;
    if (agreed !== undefined) {
      if (stillLeads && agreed < log.lastIndex) {
        throw new Violation(this.name, `${replica.name} leads term ${replica.currentTerm} and no longer has what it had at index ${agreed + 1}`);
      }
      log.update(replica, agreed);
    }
    if (isLeader && !stillLeads) this.#leading.set(replica.id, { boot: replica.boot, term: replica.currentTerm });
  }
}
