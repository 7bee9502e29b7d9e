// When an index that only rises came to which value: moments and the values then, the latest so many. Two numbers are written for each rise and nothing is
// allocated but when it grows. One rise may pass many indexes: all of them were reached at its moment.

import { assert } from "../base/assert.ts";

/** Rises that are remembered. */
export const risesMax = 4_096;
const risesAtFirst = 64;

export class Watermark {
  /** Rings of the same length; ascending both, except that the moment of the first is not told. */
  #indexes = new Float64Array(risesAtFirst);
  #moments = new Float64Array(risesAtFirst);
  #first = 0;
  #count = 1;

  /** @param index where it stands; when it came there is not known */
  constructor(index: number) {
    this.#indexes[0] = index;
  }

  get index(): number {
    return this.#indexes[this.#place(this.#count - 1)]!;
  }

  /** Above this one it is known of each index when it was reached. */
  get forgottenIndex(): number {
    return this.#indexes[this.#first]!;
  }

  /** It stands at `index` now. Nothing to be done when it did already. */
  rise(index: number, now: number): void {
    if (index <= this.index) return;
    if (this.#count === this.#indexes.length) this.#makeRoom();
    const place = this.#place(this.#count);
    this.#indexes[place] = index;
    this.#moments[place] = now;
    this.#count += 1;
  }

  /** What was above `index` is there no more. */
  fall(index: number): void {
    while (this.#count > 1 && this.#indexes[this.#place(this.#count - 2)]! >= index) this.#count -= 1;
    const last = this.#place(this.#count - 1);
    this.#indexes[last] = Math.min(this.#indexes[last]!, index);
  }

  /** It stands at `index`, and did not go through those below it, unless it has done so before. */
  leap(index: number): void {
    if (index > this.index) this.restart(index);
  }

  /** It stands at `index`, higher or lower than before, and nothing of what was is known any more. */
  restart(index: number): void {
    this.#count = 1;
    this.#indexes[this.#first] = index;
  }

  /** When it came to `index` or above; undefined: not yet. Only of an index above `forgottenIndex`. */
  reachedAt(index: number): number | undefined {
    assert(index > this.forgottenIndex, "an index that is forgotten is not asked for");
    if (index > this.index) return undefined;
    let [below, reached] = [0, this.#count - 1];
    while (reached - below > 1) {
      const middle = (below + reached) >>> 1;
      if (this.#indexes[this.#place(middle)]! >= index) reached = middle;
      else below = middle;
    }
    return this.#moments[this.#place(reached)]!;
  }

  #place(position: number): number {
    return (this.#first + position) % this.#indexes.length;
  }

  #makeRoom(): void {
    if (this.#indexes.length >= risesMax) {
      this.#first = this.#place(1);
      this.#count -= 1;
      return;
    }
    const [indexes, moments] = [this.#indexes, this.#moments];
    this.#indexes = new Float64Array(2 * indexes.length);
    this.#moments = new Float64Array(2 * moments.length);
    // It has not gone round before its full length.
    this.#indexes.set(indexes);
    this.#moments.set(moments);
  }
}
