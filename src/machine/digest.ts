// A fingerprint of the machine, equal on every node at equal lastApplied (S42) and different, but for chance, as soon as two nodes have applied
// different entries, answered differently or hold different records (H38). It costs a few multiplications per entry.
//
// Two parts of 64 bits: the chain runs over all entries and answers in order; the sum runs over the records that exist, in no order, so that a
// restore can compute it again from the content alone.

export interface DigestState {
  readonly chain: readonly [number, number];
  readonly sum: readonly [number, number];
}

export const emptyDigest: DigestState = { chain: [0, 0], sum: [0, 0] };

export class Digest {
  #chainLow: number;
  #chainHigh: number;
  #sumLow: number;
  #sumHigh: number;

  constructor(state: DigestState) {
    [this.#chainLow, this.#chainHigh] = state.chain;
    [this.#sumLow, this.#sumHigh] = state.sum;
  }

  get state(): DigestState {
    return { chain: [this.#chainLow, this.#chainHigh], sum: [this.#sumLow, this.#sumHigh] };
  }

  /** Goes on with any number that belongs to the history: an index, a term, a checksum. */
  chain(value: number): void {
    this.#chainLow = mix(this.#chainLow ^ (value >>> 0), 0x9e3779b1);
    this.#chainHigh = mix(this.#chainHigh ^ this.#chainLow ^ Math.floor(value / 2 ** 32), 0x85ebca77);
  }

  addRecord(checksum: number): void {
    this.#sumLow = (this.#sumLow + mix(checksum, 0xc2b2ae3d)) >>> 0;
    this.#sumHigh = (this.#sumHigh + mix(checksum, 0x27d4eb2f)) >>> 0;
  }

  removeRecord(checksum: number): void {
    this.#sumLow = (this.#sumLow - mix(checksum, 0xc2b2ae3d)) >>> 0;
    this.#sumHigh = (this.#sumHigh - mix(checksum, 0x27d4eb2f)) >>> 0;
  }

  /** 32 hexadecimal digits. */
  text(): string {
    return [this.#chainLow, this.#chainHigh, this.#sumLow, this.#sumHigh].map((word) => word.toString(16).padStart(8, "0")).join("");
  }
}

/** Every input bit reaches every output bit; one to one for a fixed odd factor. */
function mix(value: number, factor: number): number {
  let word = Math.imul((value ^ (value >>> 16)) + 0x165667b1, factor);
  word = Math.imul(word ^ (word >>> 15), 0x2c1b3c6d);
  word = Math.imul(word ^ (word >>> 12), 0x297a2d39);
  return (word ^ (word >>> 15)) >>> 0;
}
