// Reproducible pseudo-random numbers (sfc32). The only source of chance below the line: a seed in, the same sequence out.
// Not for secrets.

export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  /** @param seed any integer; equal seeds give equal sequences. */
  constructor(seed: number) {
    this.#a = 0x9e3779b9 | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = seed | 0;
    this.#counter = 1;
    for (let round = 0; round < 12; round += 1) this.nextU32();
  }

  nextU32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + sum) | 0;
    return sum >>> 0;
  }

  /** A float in [0, 1). */
  next(): number {
    return this.nextU32() / 2 ** 32;
  }

  /** An integer in [low, high], both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }
}
