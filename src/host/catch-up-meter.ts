// How fast one member catches up, from what its leader sees of it: entries gained against entries written meanwhile, over the last half minute. It can say
// "never": when the log grows faster than the member gains on it, waiting does not help (PRODUCT §1 row 15).

export interface CatchUpEstimate {
  /** Entries that arrive per second. */
  readonly entriesPerSecond: number;
  /** Until it holds what the leader holds by then, ms; undefined: never at this rate. */
  readonly etaMs: number | undefined;
}

interface Sample {
  readonly at: number;
  readonly match: number;
  readonly last: number;
}

const windowMs = 30_000;
const spanMsMin = 2_000;

export class CatchUpMeter {
  #samples: Sample[] = [];

  /** @param match what the member holds, @param last what the leader holds, at a time in ms. */
  note(at: number, match: number, last: number): void {
    // A member that begins anew has gained nothing.
    if (match < (this.#samples.at(-1)?.match ?? 0)) this.#samples = [];
    this.#samples.push({ at, match, last });
    while (this.#samples[0]!.at < at - windowMs) this.#samples.shift();
  }

  /** undefined: seen for too short a time, or nothing is missing. */
  estimate(): CatchUpEstimate | undefined {
    const first = this.#samples[0];
    const newest = this.#samples.at(-1);
    if (first === undefined || newest === undefined || newest.at - first.at < spanMsMin || newest.match >= newest.last) return undefined;
    const seconds = (newest.at - first.at) / 1_000;
    const entriesPerSecond = (newest.match - first.match) / seconds;
    const gained = entriesPerSecond - (newest.last - first.last) / seconds;
    return { entriesPerSecond, etaMs: gained <= 0 ? undefined : ((newest.last - newest.match) / gained) * 1_000 };
  }
}
