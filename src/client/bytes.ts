// Keys and values as programs give them.

import { utf8 } from "../base/bytes.ts";

/** Text is taken as UTF-8. */
export type Bytes = string | Uint8Array;

export function bytesOf(value: Bytes): Uint8Array {
  return typeof value === "string" ? utf8(value) : value;
}
