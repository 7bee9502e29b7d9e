// What both stores are asked to do: keys of 8 bytes, values of 256 bytes that do not compress, all keys present before the first measurement.

import { Prng } from "../../src/base/prng.ts";

export const keyCount = 10_000;
export const valueBytes = 256;

export const value = randomBytes();

function randomBytes(): Uint8Array {
  const prng = new Prng(1);
  return Uint8Array.from({ length: valueBytes }, () => prng.integer(0, 255));
}

export function keyOf(number: number): Uint8Array {
  return new TextEncoder().encode(String(number % keyCount).padStart(8, "0"));
}
