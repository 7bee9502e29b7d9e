// Whether the leases of an image, the keys that it has attached to them, and what its records say of that fit together: counted for each lease, row by row,
// in memory for the leases alone. (A digest that fits says that nothing was damaged; this says that a revoke will find what it is to delete.)

import { leaseIdOf, prefixes } from "./keyspace.ts";
import { decodeLease } from "./leases.ts";
import type { KeyValue } from "./store.ts";

export class LeaseCheck {
  /** By lease: what its own row says less what its records say; all 0 in the end, as the other. */
  readonly #records = new Map<bigint, number>();
  readonly #attached = new Map<bigint, number>();
  readonly #leases = new Set<bigint>();

  record(lease: bigint): void {
    add(this.#records, lease, -1);
  }

  /** Of a lease or of an attached key, checked. */
  row(row: KeyValue): void {
    if (row.key[0] !== prefixes.lease) return add(this.#attached, leaseIdOf(row.key), -1);
    const { id, keys } = decodeLease(row);
    this.#leases.add(id);
    add(this.#records, id, keys);
    add(this.#attached, id, keys);
  }

  get fits(): boolean {
    return [...this.#records, ...this.#attached].every(([lease, count]) => count === 0 && this.#leases.has(lease));
  }
}

function add(counts: Map<bigint, number>, lease: bigint, change: number): void {
  counts.set(lease, (counts.get(lease) ?? 0) + change);
}
