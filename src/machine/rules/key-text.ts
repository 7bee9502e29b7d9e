// Keys as what a Map can look up: one character per byte.

import { utf8Text } from "../../base/bytes.ts";

export type KeyText = string;

/** A key has at most limits.keyBytesMax bytes, few enough to be arguments. */
export function keyText(key: Uint8Array): KeyText {
  return String.fromCharCode(...key);
}

export function keyBytes(text: KeyText): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** For people: as text if it is one, otherwise in hexadecimal. */
export function shownKey(key: Uint8Array): { readonly key: string; readonly keyEncoding: "utf8" | "hex" } {
  const text = utf8Text(key);
  if (text !== undefined) return { key: text, keyEncoding: "utf8" };
  return { key: Array.from(key, (byte) => byte.toString(16).padStart(2, "0")).join(""), keyEncoding: "hex" };
}

export function hasPrefix(key: Uint8Array, prefix: Uint8Array): boolean {
  if (key.length < prefix.length) return false;
  for (let place = 0; place < prefix.length; place += 1) if (key[place] !== prefix[place]) return false;
  return true;
}

/** The first key behind all that begin with the prefix; undefined when there is none. */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  const last = prefix.findLastIndex((byte) => byte < 0xff);
  if (last === -1) return undefined;
  const end = prefix.slice(0, last + 1);
  end[last]! += 1;
  return end;
}
