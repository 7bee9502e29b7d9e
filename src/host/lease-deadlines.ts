// When each lease is over, as one leader keeps it in its memory: from the grant, or from when it began to lead, or from the last keep-alive on. Knows no timer.
//
// A keep-alive moves a deadline without touching the queue (a heap by time): what comes up there before its deadline goes back to its new place.

import { assert } from "../base/assert.ts";
import type { Lease } from "../machine/leases.ts";

export interface HeldLease {
  readonly id: bigint;
  readonly ttlMs: number;
  /** Of its latest grant. */
  readonly grantIndex: number;
  readonly deadline: number;
  /** Its time was over when it was looked at last: it will end, and nothing but another grant keeps it. */
  readonly isOver: boolean;
}

interface Held {
  readonly id: bigint;
  readonly ttlMs: number;
  grantIndex: number;
  deadline: number;
  isOver: boolean;
  isDropped: boolean;
  /** Its place in time in the queue; undefined: not in it. */
  queuedAt: number | undefined;
}

/** Those that were dropped stay in the queue until they come up, or are more than those that are held by so many. */
const droppedMax = 1_024;

export class LeaseDeadlines {
  readonly #held = new Map<bigint, Held>();
  #queue: Held[] = [];

  get(id: bigint): HeldLease | undefined {
    return this.#held.get(id);
  }

  /** Not before this time is any of them over; undefined: there is nothing to wait for. */
  get earliest(): number | undefined {
    return this.#queue[0]?.queuedAt;
  }

  /** Granted, or granted anew: it has all of its time from `now` on. */
  hold({ id, ttlMs, grantIndex }: Lease, now: number): void {
    const known = this.#held.get(id);
    const held = known?.ttlMs === ttlMs ? known : this.#replace(id, ttlMs);
    Object.assign(held, { grantIndex, isOver: false, deadline: now + ttlMs });
    if (held.queuedAt === undefined) this.#push(held, held.deadline);
  }

  #replace(id: bigint, ttlMs: number): Held {
    this.drop(id);
    const held = { id, ttlMs, grantIndex: 0, deadline: 0, isOver: false, isDropped: false, queuedAt: undefined };
    this.#held.set(id, held);
    return held;
  }

  /** It has ended. */
  drop(id: bigint): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    held.isDropped = true;
    this.#held.delete(id);
    if (this.#queue.length > 2 * this.#held.size + droppedMax) this.#sweep();
  }

  /** It lasts at least until then. undefined: it is not held, or it is over already. */
  extend(id: bigint, arrivedAt: number): HeldLease | undefined {
    const held = this.#held.get(id);
    if (held === undefined || held.isOver) return undefined;
    held.deadline = Math.max(held.deadline, arrivedAt + held.ttlMs);
    return held;
  }

  /** Those whose time is over at `now`, each told once. */
  takeOver(now: number): HeldLease[] {
    const over: Held[] = [];
    for (let first = this.#queue[0]; first !== undefined && first.queuedAt! <= now; first = this.#queue[0]) {
      this.#pop();
      if (first.isDropped) continue;
      if (first.deadline > now) this.#push(first, first.deadline);
      else over.push(first);
    }
    for (const held of over) held.isOver = true;
    return over;
  }

  /** One that is over and could not be ended: it is told again at `time`. */
  retry(lease: HeldLease, time: number): void {
    const held = this.#held.get(lease.id);
    if (held === undefined || held !== lease || !held.isOver || held.queuedAt !== undefined) return;
    this.#push(held, time);
  }

  #sweep(): void {
    const kept = this.#queue.filter(({ isDropped }) => !isDropped);
    this.#queue = [];
    for (const held of kept) this.#push(held, held.queuedAt!);
  }

  #push(held: Held, time: number): void {
    held.queuedAt = time;
    let place = this.#queue.push(held) - 1;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (this.#queue[parent]!.queuedAt! <= time) break;
      this.#queue[place] = this.#queue[parent]!;
      place = parent;
    }
    this.#queue[place] = held;
  }

  #pop(): void {
    const first = this.#queue[0];
    assert(first !== undefined, "the first is taken only from a queue that has one");
    first.queuedAt = undefined;
    const last = this.#queue.pop()!;
    if (last !== first) this.#sink(last);
  }

  #sink(held: Held): void {
    const queue = this.#queue;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= queue.length) break;
      if (child + 1 < queue.length && queue[child + 1]!.queuedAt! < queue[child]!.queuedAt!) child += 1;
      if (queue[child]!.queuedAt! >= held.queuedAt!) break;
      queue[place] = queue[child]!;
      place = child;
    }
    queue[place] = held;
  }
}
