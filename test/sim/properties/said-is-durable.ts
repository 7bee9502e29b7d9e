// Said Is Durable: what a message says of its sender is on the sender's disk when it leaves: its term, its vote, and the log that it acknowledges
// (extended Raft paper, Figure 2 "persistent state" and §5.1; dissertation §3.8; H1, H17).
//
// PreVote and its answers are exempt, they promise nothing (dissertation §9.6). An acknowledgement of an older term speaks of a log that may have
// been overwritten since, durably: it can only reach a leader that is no leader any more, so its index is not looked at.

import type { NodeId } from "../../../src/base/ids.ts";
import type { Message } from "../../../src/raft/message.ts";
import { Violation, type Disks, type DurableLog, type Property, type ReplicaView } from "./property.ts";

/** What the disk of one running process is known to hold. */
interface Known {
  term: number;
  /** The last acknowledgement that was compared with the disk. */
  ackTerm: number;
  ackIndex: number;
}

export class SaidIsDurable implements Property {
  readonly name = "Said Is Durable";
  readonly #disks: Disks;
  readonly #known = new Map<string, Known>();

  constructor(disks: Disks) {
    this.#disks = disks;
  }

  /** Its disk is asked again. */
  crashed(name: string): void {
    this.#known.delete(name);
  }

  sending(replica: ReplicaView, to: NodeId, message: Message): void {
    if (message.type === "preVote" || message.type === "preVoteResponse") return;
    const known = this.#knownOf(replica.name);
    if (message.term > known.term) known.term = this.#checkTerm(replica, message);
    if (message.type === "requestVote") this.#checkVote(replica, message.term, replica.id);
    else if (message.type === "requestVoteResponse" && message.voteGranted) this.#checkVote(replica, message.term, to);
    else if (message.type === "appendEntriesResponse" && message.success) this.#checkAcknowledged(replica, known, message);
    else if (message.type === "installSnapshotResponse") this.#checkAcknowledged(replica, known, message);
  }

  #knownOf(name: string): Known {
    let known = this.#known.get(name);
    if (known === undefined) this.#known.set(name, (known = { term: 0, ackTerm: 0, ackIndex: 0 }));
    return known;
  }

  #diskOf({ id, name }: ReplicaView): DurableLog {
    const disk = this.#disks.durableLogOf(id);
    if (disk === undefined) throw new Violation(this.name, `${name} sends a message and has nothing on its disk`);
    return disk;
  }

  #checkTerm(replica: ReplicaView, { type, term }: Message): number {
    const { currentTerm } = this.#diskOf(replica).hardState;
    if (currentTerm < term) throw new Violation(this.name, `${replica.name} sends ${type} of term ${term}, and its disk holds term ${currentTerm}`);
    return currentTerm;
  }

  #checkVote(replica: ReplicaView, term: number, candidate: NodeId): void {
    const { currentTerm, votedFor } = this.#diskOf(replica).hardState;
    if (currentTerm > term || votedFor === candidate) return;
    throw new Violation(
      this.name,
      `${replica.name} gives its vote in term ${term} to node ${candidate}, and its disk holds ${votedFor === undefined ? "no vote" : `a vote for node ${votedFor}`}`,
    );
  }

  #checkAcknowledged(replica: ReplicaView, known: Known, { term, matchIndex }: { readonly term: number; readonly matchIndex: number }): void {
    if (term < replica.currentTerm) return;
    if (known.ackTerm === term && known.ackIndex >= matchIndex) return;
    const disk = this.#diskOf(replica);
    if (matchIndex > disk.snapshotIndex) {
      const durable = disk.termAt(matchIndex);
      const held = replica.termAt(matchIndex) ?? durable;
      if (durable === undefined || durable !== held) {
        const found = durable === undefined ? `ends at index ${disk.lastIndex}` : `holds term ${durable} there`;
        throw new Violation(this.name, `${replica.name} acknowledges index ${matchIndex} in term ${term}, and its disk ${found}`);
      }
    }
    known.ackTerm = term;
    known.ackIndex = matchIndex;
  }
}
