// Has the storage save what was applied: a while after the first entry that is not saved, once for all that came meanwhile. Saving costs the same for one
// entry as for many, and what is not saved when the process dies is applied again from the log.

import type { Clock, Timer } from "../base/clock.ts";
import type { RaftStorage } from "./raft-storage.ts";

/** A restart applies what came within this time again, ms, or what a store gathers at most. */
export const saveIntervalMs = 1000;

export class Saver {
  readonly #storage: RaftStorage;
  readonly #clock: Clock;
  readonly #fatal: (error: Error) => void;
  #timer: Timer | undefined;

  constructor(storage: RaftStorage, clock: Clock, fatal: (error: Error) => void) {
    this.#storage = storage;
    this.#clock = clock;
    this.#fatal = fatal;
  }

  applied(): void {
    this.#timer ??= this.#clock.at(this.#clock.now() + saveIntervalMs, () => {
      this.#timer = undefined;
      this.#save();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #save(): void {
    try {
      const saved = this.#storage.save?.();
      if (saved instanceof Promise) saved.catch((error: Error) => this.#fatal(error));
    } catch (error) {
      this.#fatal(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
