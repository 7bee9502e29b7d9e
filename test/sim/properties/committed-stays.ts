// Committed Stays: once a replica has committed an entry at an index, no replica ever commits another one there, and none that has reached the term
// of that commit removes it from its log (extended Raft paper §5.4.3, dissertation §3.6.3).
//
// A follower that is still in an older term may legally lose a copy, although it was committed in the meantime without its help: then it did not
// count. What one run of a process removes is seen here; what a crash takes is seen by DurableIsRecovered.

import type { NodeId } from "../../../src/base/ids.ts";
import type { RaftEvent } from "../../../src/raft/ready.ts";
import { CommitMoves, CommittedLog } from "./committed-log.ts";
import { LogRecords, type LogRecord } from "./log-record.ts";
import { Violation, type Property, type ReplicaView } from "./property.ts";

export class CommittedStays implements Property {
  readonly name = "Committed Stays";
  readonly #committed = new CommittedLog();
  readonly #moves = new CommitMoves();
  readonly #logs = new LogRecords();
  /** When the replica was last seen: what an event removes is removed in this term or a later one. */
  readonly #terms = new Map<NodeId, number>();

  booted(replica: ReplicaView): void {
    this.#terms.delete(replica.id);
    this.stepped(replica);
  }

  observed(replica: ReplicaView, event: RaftEvent): void {
    if (event.kind === "logTruncated") this.#logs.of(replica).truncated(event.fromIndex);
  }

  stepped(replica: ReplicaView): void {
    const log = this.#logs.of(replica);
    const agreed = log.agreement(replica);
    if (agreed !== undefined) {
      if (agreed < log.lastIndex) this.#removed(replica, log, agreed + 1);
      log.update(replica, agreed);
    }
    const first = this.#moves.firstOf(replica);
    if (first !== undefined) this.#note(replica, first);
    this.#terms.set(replica.id, replica.currentTerm);
  }

  #removed(replica: ReplicaView, log: LogRecord, first: number): void {
    const term = this.#terms.get(replica.id);
    if (term === undefined) return;
    for (let index = Math.max(first, replica.snapshotIndex + 1); index <= log.lastIndex; index += 1) {
      const committed = this.#committed.termAt(index);
      if (committed === undefined || committed !== log.termAt(index) || replica.termAt(index) === committed) continue;
      if (term < this.#committed.knownInTerm(index)!) continue;
      throw new Violation(this.name, `${replica.name} removes index ${index} of term ${committed} from its log, which is committed`);
    }
  }

  #note(replica: ReplicaView, first: number): void {
    for (let index = first; index <= replica.commitIndex; index += 1) {
      const term = replica.termAt(index);
      if (term === undefined) continue;
      const known = this.#committed.note(index, term, replica.currentTerm);
      if (known === undefined || known === term) continue;
      throw new Violation(this.name, `${replica.name} commits index ${index} with term ${term}, where an entry of term ${known} is committed`);
    }
  }
}
