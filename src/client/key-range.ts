// Arithmetic of keys in lexicographic order by byte.

import { concatBytes } from "../base/bytes.ts";

/** The first key behind all keys that begin with `prefix`; undefined when there is none, and then the range is open. */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  const place = prefix.findLastIndex((byte) => byte < 0xff);
  if (place === -1) return undefined;
  const end = prefix.slice(0, place + 1);
  end[place]! += 1;
  return end;
}

/** Nothing lies between the two. */
export function keyBehind(key: Uint8Array): Uint8Array {
  return concatBytes([key, new Uint8Array(1)]);
}
