// What both stores are asked to do: keys of 8 bytes, values of 256 bytes that do not compress, all keys present before the first measurement.

import { Prng } from "../../src/base/prng.ts";
import type { Connections } from "./target.ts";

export const keyCount = 10_000;
export const valueBytes = 256;
/** Of most measurements. */
export const connectionCount = 8;

const fillLanes = 200;

export const value = randomValue(valueBytes);

export function randomValue(bytes: number): Uint8Array {
  const prng = new Prng(1);
  return Uint8Array.from({ length: bytes }, () => prng.integer(0, 255));
}

/** The keys in an order that jumps, the same for every store; made before, since a client shares the processors with what it measures. */
export class Keys {
  readonly #keys: readonly Uint8Array[];
  #next = 0;

  constructor(count = keyCount) {
    this.#keys = Array.from({ length: count }, (_, number) => keyOf(number));
  }

  next(): Uint8Array {
    this.#next = (this.#next + 7919) % this.#keys.length;
    return this.#keys[this.#next]!;
  }
}

export function keyOf(number: number): Uint8Array {
  return new TextEncoder().encode(String(number).padStart(8, "0"));
}

/** So many puts, over so many keys. */
export async function fill(connections: Connections, puts: number, keys: number): Promise<void> {
  let next = 0;
  const lane = async (number: number): Promise<void> => {
    while (next < puts) await connections.put(number, keyOf(next++ % keys), value);
  };
  await Promise.all(Array.from({ length: fillLanes }, (_, number) => lane(number)));
}
