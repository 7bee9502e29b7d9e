// Log Matching: if two logs hold an entry with the same index and term, the logs are identical up to and including it (extended Raft paper, Figure 3
// and §5.3).
//
// By induction it is enough that an index and a term belong to one entry, and that this entry always follows one of the same term. Each entry is
// looked at when it comes into a log; with every change of a log one older entry is looked at again, in turn, so that a change in place is found.

import type { Crc32 } from "../../../src/base/crc.ts";
import type { NodeId } from "../../../src/base/ids.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import type { RaftEvent } from "../../../src/raft/ready.ts";
import { LogRecords } from "./log-record.ts";
import { Violation, type Property, type ReplicaView } from "./property.ts";

interface Print {
  readonly term: number;
  readonly checksum: number;
  readonly bytes: number;
  /** Of the entry before; undefined while nobody has shown it. */
  previousTerm: number | undefined;
}

export class LogMatching implements Property {
  readonly name = "Log Matching";
  readonly #crc32: Crc32;
  readonly #logs = new LogRecords();
  /** By index; one print for each term that ever stood there. */
  readonly #prints: Print[][] = [];
  readonly #lookedAt = new Map<NodeId, number>();

  constructor(crc32: Crc32) {
    this.#crc32 = crc32;
  }

  observed(replica: ReplicaView, event: RaftEvent): void {
    if (event.kind === "logTruncated") this.#logs.of(replica).truncated(event.fromIndex);
  }

  stepped(replica: ReplicaView): void {
    const log = this.#logs.of(replica);
    const agreed = log.agreement(replica);
    if (agreed === undefined) return;
    this.#check(replica, agreed + 1, replica.lastIndex);
    this.#lookAgain(replica, agreed);
    log.update(replica, agreed);
  }

  #lookAgain(replica: ReplicaView, agreed: number): void {
    let index = (this.#lookedAt.get(replica.id) ?? 0) + 1;
    if (index <= replica.snapshotIndex || index > agreed) index = replica.snapshotIndex + 1;
    this.#lookedAt.set(replica.id, index);
    if (index <= agreed) this.#check(replica, index, index);
  }

  #check(replica: ReplicaView, first: number, last: number): void {
    if (first > last) return;
    let previousTerm = replica.termAt(first - 1);
    for (const entry of replica.entriesBetween(first, last)) {
      this.#checkEntry(replica, entry, previousTerm);
      previousTerm = entry.term;
    }
  }

  #checkEntry({ name }: ReplicaView, { index, term, type, data }: Entry, previousTerm: number | undefined): void {
    const prints = (this.#prints[index] ??= []);
    const checksum = this.#crc32(data, type);
    const known = prints.find((print) => print.term === term);
    if (known === undefined) return void prints.push({ term, checksum, bytes: data.length, previousTerm });
    if (known.checksum !== checksum || known.bytes !== data.length) {
      throw new Violation(this.name, `${name} holds another entry at index ${index} of term ${term} than was seen there before`);
    }
    known.previousTerm ??= previousTerm;
    if (previousTerm !== undefined && known.previousTerm !== previousTerm) {
      throw new Violation(
        this.name,
        `${name} holds index ${index} of term ${term} after an entry of term ${previousTerm}, where term ${known.previousTerm} was seen before`,
      );
    }
  }
}
