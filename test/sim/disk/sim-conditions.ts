// The conditions of one disk, and the operations that wait because it has stalled. Ending or shortening a stall lets them go on, so that a disk that
// hangs for ever can still be healed.

import type { DiskConditions } from "./conditions.ts";

export class SimConditions implements DiskConditions {
  durableMs = (): number => 0;
  otherMs = (): number => 0;
  freeBytes = Number.MAX_SAFE_INTEGER;
  failNext: "EIO" | "ENOSPC" | undefined;
  #stalledUntil = 0;
  #waiting: (() => void)[] = [];

  get stalledUntil(): number {
    return this.#stalledUntil;
  }

  set stalledUntil(time: number) {
    this.#stalledUntil = time;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
  }

  /** Calls when `stalledUntil` has changed, once. */
  whenChanged(look: () => void): void {
    this.#waiting.push(look);
  }

  /** Whoever waits is dead. */
  forget(): void {
    this.#waiting = [];
  }
}
