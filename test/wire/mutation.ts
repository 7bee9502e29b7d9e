// How the fuzzers damage bytes: flips, cuts, insertions, copies of a part, and the values at which decoders break. Reproducible by the Prng.

import type { Prng } from "../../src/base/prng.ts";

/** Headers of long strings, bytes, arrays, maps and extensions, extreme integers, nil, true, an unused type. */
const nasty = [0xc0, 0xc1, 0xc3, 0xc4, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcf, 0xd3, 0xd4, 0xd8, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xff, 0x7f, 0x00];

const mutations: ((bytes: Uint8Array, prng: Prng) => Uint8Array)[] = [
  (bytes, prng) => at(bytes, prng, (value) => value ^ (1 << prng.integer(0, 7))),
  (bytes, prng) => at(bytes, prng, () => prng.integer(0, 255)),
  (bytes, prng) => at(bytes, prng, () => nasty[prng.integer(0, nasty.length - 1)]!),
  (bytes, prng) => bytes.subarray(0, prng.integer(0, bytes.length)),
  (bytes, prng) => insert(bytes, prng, Uint8Array.of(nasty[prng.integer(0, nasty.length - 1)]!)),
  (bytes, prng) => insert(bytes, prng, Uint8Array.of(0xdd, prng.integer(0, 255), prng.integer(0, 255), 0, prng.integer(0, 255))),
  (bytes, prng) => insert(bytes, prng, bytes.subarray(prng.integer(0, bytes.length - 1)).slice(0, 40)),
  (bytes, prng) => insert(bytes, prng, new Uint8Array(prng.integer(1, 60)).fill(prng.chance(0.5) ? 0x91 : 0x81)),
];

/** One to three mutations; the input stays as it is. */
export function mutate(bytes: Uint8Array, prng: Prng): Uint8Array {
  let result = bytes;
  for (let count = prng.integer(1, 3); count > 0 && result.length > 0; count -= 1) {
    result = mutations[prng.integer(0, mutations.length - 1)]!(result, prng);
  }
  return result;
}

function at(bytes: Uint8Array, prng: Prng, change: (value: number) => number): Uint8Array {
  const result = bytes.slice();
  const position = prng.integer(0, bytes.length - 1);
  result[position] = change(result[position]!);
  return result;
}

function insert(bytes: Uint8Array, prng: Prng, part: Uint8Array): Uint8Array {
  const position = prng.integer(0, bytes.length);
  const result = new Uint8Array(bytes.length + part.length);
  result.set(bytes.subarray(0, position));
  result.set(part, position);
  result.set(bytes.subarray(position), position + part.length);
  return result;
}

const oddValues: unknown[] = [null, -1, 0, 1.5, 2 ** 53, NaN, Infinity, "", "x", "18446744073709551616", true, [], [[[]]], {}, { constructor: 1 }, new Uint8Array(0)];

/** A message that is well formed and wrong: a field replaced, dropped, doubled or added. The request id stays. */
export function mutateFields(fields: readonly unknown[], prng: Prng): unknown[] {
  const result = [...fields];
  const position = prng.integer(1, fields.length - 1);
  const kind = prng.integer(0, 5);
  if (kind === 0) result.splice(position, 1);
  else if (kind === 1) result.splice(position, 0, result[position]);
  else if (kind === 2) result.push(null);
  else result[position] = oddValues[prng.integer(0, oddValues.length - 1)];
  return result;
}
