// Looks again and again while there is something to look for, and sleeps until it is woken otherwise: an idle node arms no timer for it (S22).

import type { Clock, Timer } from "../base/clock.ts";

export class Vigil {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #look: () => boolean;
  #timer: Timer | undefined;
  #stopped = false;

  /** @param look answers whether there is reason to look again after the interval */
  constructor(clock: Clock, intervalMs: number, look: () => boolean) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#look = look;
  }

  /** Something has happened: looks in a later turn of this moment, and not inside of what happens. */
  wake(): void {
    this.#lookAt(this.#clock.now());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #lookAt(time: number): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    this.#timer = this.#clock.at(time, () => {
      this.#timer = undefined;
      if (this.#look()) this.#lookAt(this.#clock.now() + this.#intervalMs);
    });
  }
}
