// Numbers and byte strings packed behind one another, for formats with many small fields: a number takes seven bits to a byte, the lowest first, and
// the highest bit of a byte says that another follows (LEB128).

const packedBytesMax = 8;

/** More memory than this is given back when the content is done. */
const keptBytesMax = 256 * 1024;

/** Its memory is used again for the next content. */
export class PackedWriter {
  readonly #capacity: number;
  #memory: Uint8Array;
  #length = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#memory = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Valid until something is written again. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
    if (this.#memory.length > keptBytesMax) this.#memory = new Uint8Array(this.#capacity);
  }

  /** What was written behind this place is gone. */
  cutAt(length: number): void {
    this.#length = length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#memory[this.#length++] = value;
  }

  /** An integer from 0 to 2^53-1. */
  number(value: number): void {
    this.#reserve(packedBytesMax);
    const memory = this.#memory;
    let length = this.#length;
    let rest = value;
    while (rest > 0x7fff_ffff) {
      memory[length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      memory[length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    memory[length++] = rest;
    this.#length = length;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#memory.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#memory.length) return;
    const grown = new Uint8Array(2 * (this.#length + bytes));
    grown.set(this.bytes);
    this.#memory = grown;
  }
}

/** Reads what a PackedWriter wrote. What cannot be that is answered with the error that `malformed` makes. */
export class PackedReader {
  readonly #bytes: Uint8Array;
  readonly #malformed: () => Error;
  #offset: number;

  constructor(bytes: Uint8Array, offset: number, malformed: () => Error) {
    this.#bytes = bytes;
    this.#offset = offset;
    this.#malformed = malformed;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#offset];
    if (value === undefined) throw this.#malformed();
    this.#offset += 1;
    return value;
  }

  number(): number {
    let value = 0;
    for (let place = 0, factor = 1; place < packedBytesMax; place += 1, factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return this.#sound(value);
    }
    throw this.#malformed();
  }

  /** A view. */
  raw(length: number): Uint8Array {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw this.#malformed();
    const bytes = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return bytes;
  }

  #sound(value: number): number {
    if (!Number.isSafeInteger(value)) throw this.#malformed();
    return value;
  }
}
