// Whether an LMDB data file may be opened at all. LMDB maps the file and trusts it: one that was cut short or belongs to somebody else kills the
// process with a signal instead of raising an error. Both of its first two pages describe the file; the one with the higher transaction counts.
//
//    page 0 and page 1, little-endian:   24 u32 magic   28 u32 format   48 u32 page size   144 u64 last page   152 u64 transaction

import { open } from "node:fs/promises";
import { readSafeU64, readU32 } from "../base/bytes.ts";

export const lmdbPageBytes = 4096;
const magic = 0xbeefc0de;
const format = 2;

/** Why the file cannot be opened safely; undefined when it can. */
export async function lmdbDamage(path: string): Promise<string | undefined> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return "it is absent or cannot be read";
  try {
    const { size } = await file.stat();
    if (size < 2 * lmdbPageBytes) return `it has ${size} bytes, an environment has ${2 * lmdbPageBytes} at least`;
    const head = new Uint8Array(2 * lmdbPageBytes);
    await file.read(head, 0, head.length, 0);
    return headDamage(head, size);
  } finally {
    await file.close();
  }
}

function headDamage(head: Uint8Array, size: number): string | undefined {
  const metas = [readMeta(head.subarray(0, lmdbPageBytes)), readMeta(head.subarray(lmdbPageBytes))];
  const [first, second] = metas;
  if (first === undefined || second === undefined) return "one of its first two pages is not LMDB's";
  const current = second.transaction > first.transaction ? second : first;
  const needed = (current.lastPage + 1) * lmdbPageBytes;
  return size < needed ? `it has ${size} bytes of ${needed}` : undefined;
}

function readMeta(page: Uint8Array): { lastPage: number; transaction: number } | undefined {
  const isOurs = readU32(page, 24) === magic && readU32(page, 28) === format && readU32(page, 48) === lmdbPageBytes;
  const lastPage = readSafeU64(page, 144);
  const transaction = readSafeU64(page, 152);
  return isOurs && !Number.isNaN(lastPage + transaction) ? { lastPage, transaction } : undefined;
}
