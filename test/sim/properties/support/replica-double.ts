// A replica that is whatever a test says it is, right or wrong. Its log is made of commands whose text is "index/term", unless it is told otherwise.

import type { NodeId } from "../../../../src/base/ids.ts";
import { entryTypes, type Entry } from "../../../../src/raft/entry.ts";
import { encodeMembership } from "../../../../src/raft/membership-codec.ts";
import type { Membership } from "../../../../src/raft/membership.ts";
import type { Role } from "../../../../src/raft/ready.ts";
import { command, idOf, membershipOf } from "../../../raft/harness/members.ts";
import type { QueueView, ReplicaView } from "../property.ts";

export const threeVoters = membershipOf({ voters: ["n1", "n2", "n3"] });

export class ReplicaDouble implements ReplicaView {
  readonly id: NodeId;
  readonly name: string;
  boot = 1;
  role: Role = "follower";
  currentTerm = 1;
  commitIndex = 0;
  lastApplied = 0;
  snapshotIndex = 0;
  snapshotTerm = 0;
  membership: Membership = threeVoters;
  digest = "0".repeat(32);
  vote: string | undefined;
  held: readonly QueueView[] = [];
  entries: Entry[] = [];

  constructor(name: string, terms: readonly number[] = []) {
    this.id = idOf(name);
    this.name = name;
    this.write(...terms);
  }

  get lastIndex(): number {
    return this.snapshotIndex + this.entries.length;
  }

  termAt(index: number): number | undefined {
    return index === this.snapshotIndex ? this.snapshotTerm : this.entries[index - this.snapshotIndex - 1]?.term;
  }

  entriesBetween(first: number, last: number): readonly Entry[] {
    return this.entries.slice(Math.max(first - this.snapshotIndex - 1, 0), Math.max(last - this.snapshotIndex, 0));
  }

  votedFor(): string | undefined {
    return this.vote;
  }

  queues(): readonly QueueView[] {
    return this.held;
  }

  /** Commands of these terms at the end of the log. */
  write(...terms: readonly number[]): void {
    for (const term of terms) {
      this.entries.push(command(this.lastIndex + 1, term, `${this.lastIndex + 1}/${term}`));
      this.currentTerm = Math.max(this.currentTerm, term);
    }
  }

  writeMembership(term: number, membership: Membership): void {
    this.entries.push({ index: this.lastIndex + 1, term, type: entryTypes.membership, data: encodeMembership(membership) });
    this.membership = membership;
  }

  truncateFrom(index: number): void {
    this.entries.length = index - this.snapshotIndex - 1;
  }

  compact(index: number): void {
    this.snapshotTerm = this.termAt(index) ?? 0;
    this.entries = this.entries.slice(index - this.snapshotIndex);
    this.snapshotIndex = index;
  }

  /** The log goes; committed and applied come from the snapshot. */
  install(index: number, term: number): void {
    this.entries = [];
    this.snapshotIndex = index;
    this.snapshotTerm = term;
    this.commitIndex = index;
    this.lastApplied = index;
  }

  lead(term: number): void {
    this.role = "leader";
    this.currentTerm = term;
  }

  follow(term: number): void {
    this.role = "follower";
    this.currentTerm = term;
  }

  apply(index: number): void {
    this.commitIndex = Math.max(this.commitIndex, index);
    this.lastApplied = index;
  }

  /** Begins again with what it has. */
  reboot(): void {
    this.boot += 1;
    this.role = "follower";
  }
}
