// Which membership is in force at which index. The latest one in the log counts from the moment it is appended, committed or not (§6), and
// the one before it comes back when a truncation removes it. What compaction needs, the membership at an index, is kept as well.

import { assert } from "../base/assert.ts";
import type { Membership } from "./membership.ts";

interface MembershipRecord {
  /** Of the entry that carries it; for the first record the index from which it is known to be in force. */
  readonly index: number;
  readonly membership: Membership;
}

export class MembershipHistory {
  /** Oldest first, never empty. */
  #records: MembershipRecord[];

  constructor(index: number, membership: Membership) {
    this.#records = [{ index, membership }];
  }

  get current(): Membership {
    return this.#records[this.#records.length - 1]!.membership;
  }

  get currentIndex(): number {
    return this.#records[this.#records.length - 1]!.index;
  }

  append(index: number, membership: Membership): void {
    assert(index > this.currentIndex, "a membership is appended after the one in force");
    this.#records.push({ index, membership });
  }

  /** true when the membership in force is another one now. */
  truncateFrom(index: number): boolean {
    const before = this.#records.length;
    while (this.#records.length > 1 && this.currentIndex >= index) this.#records.pop();
    assert(this.currentIndex < index, "the membership at the snapshot is never truncated");
    return this.#records.length !== before;
  }

  at(index: number): Membership {
    for (let position = this.#records.length - 1; position > 0; position -= 1) {
      if (this.#records[position]!.index <= index) return this.#records[position]!.membership;
    }
    return this.#records[0]!.membership;
  }

  /** In force at `index` and later, committed or not: the last one is the current one. */
  since(index: number): readonly Membership[] {
    if (this.currentIndex <= index) return [this.current];
    return this.#records.filter((_, position) => (this.#records[position + 1]?.index ?? Number.POSITIVE_INFINITY) > index).map((record) => record.membership);
  }

  /** Indexes of membership entries in (after, upTo]. */
  indexesBetween(after: number, upTo: number): readonly number[] {
    if (this.currentIndex <= after) return [];
    return this.#records.map((record) => record.index).filter((index) => index > after && index <= upTo);
  }

  /** Forgets what was in force only before `index`. */
  compact(index: number): void {
    while (this.#records.length > 1 && this.#records[1]!.index <= index) this.#records.shift();
  }

  /** Begins anew with what a snapshot says; memberships after it stay when the log after it stays. */
  restore(index: number, membership: Membership, keepsSuffix: boolean): void {
    const later = keepsSuffix ? this.#records.filter((record) => record.index > index) : [];
    this.#records = [{ index, membership }, ...later];
  }
}
