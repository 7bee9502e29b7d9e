// Knows whether the disk is too full to take new entries, and asks again every second while it is. Looks at the free space as the log grows, and with the
// first entries after a second, however few: other files fill the disk too, and the state needs some of what is left.

import type { Clock, Timer } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { mark } from "../../base/mark.ts";
import type { Disk } from "../disk.ts";

export interface SpaceWatchOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly freeBytesMin: number;
  readonly segmentBytes: number;
}

export interface SpaceWatchEvents {
  /** There is space, and `low` is still set. */
  readonly onEnough: () => void;
  readonly onError: (error: unknown) => void;
}

const retryMs = 1000;
const quietMs = 1000;
const checksPerSegment = 16;

export class SpaceWatch {
  readonly #options: SpaceWatchOptions;
  readonly #events: SpaceWatchEvents;
  #low = false;
  /** Written since the last look. */
  #bytes = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: SpaceWatchOptions, events: SpaceWatchEvents) {
    this.#options = options;
    this.#events = events;
  }

  get low(): boolean {
    return this.#low;
  }

  /** The next look at the disk is only a matter of time. */
  get waiting(): boolean {
    return this.#timer !== undefined;
  }

  set(low: boolean): void {
    if (this.#stopped) return;
    const { logger, directory, clock } = this.#options;
    if (low && !this.#low) {
      mark("space-ran-out");
      logger.error({ directory }, "the disk is full: the log takes no new entries until space returns");
    }
    if (!low && this.#low) {
      mark("space-returned");
      logger.info({ directory }, "there is space again: the log takes entries");
    }
    this.#low = low;
    this.#timer?.cancel();
    this.#timer = low ? clock.at(clock.now() + retryMs, () => this.#retry()) : undefined;
  }

  /** So many bytes were written. */
  wrote(bytes: number): void {
    this.#bytes += bytes;
    const { segmentBytes, clock } = this.#options;
    if (this.#bytes * checksPerSegment >= segmentBytes || clock.now() - this.#lookedAt >= quietMs) this.#check();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #retry(): void {
    this.#timer = undefined;
    this.#check();
  }

  #check(): void {
    const { disk, directory, clock, freeBytesMin } = this.#options;
    this.#bytes = 0;
    this.#lookedAt = clock.now();
    disk.freeBytes(directory).then(
      (free) => {
        if (free < freeBytesMin) this.set(true);
        else if (this.#low && !this.#stopped) this.#events.onEnough();
      },
      (error: unknown) => this.#events.onError(error),
    );
  }
}
