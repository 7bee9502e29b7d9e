// The keys and values of a file of a region's state, as whoever writes them elsewhere needs them. Memory is bounded by the largest of them.

import { prefixes, userKey } from "../../machine/keyspace.ts";
import { RecordCodec } from "../../machine/record.ts";
import { crc32 } from "../../platform/crc32.ts";
import { checkedRows } from "./content-check.ts";
import { withImageFile, type ImageFile } from "./image-file.ts";

export interface FileRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** @param use reads them once, in the order of the keys. @throws NOT_FOUND, CORRUPT, INCOMPATIBLE, besides what `use` throws */
export function withFileRecords<T>(name: string, use: (records: AsyncGenerator<FileRecord>) => Promise<T>): Promise<T> {
  return withImageFile(name, (file) => use(recordsOf(file)));
}

async function* recordsOf(file: ImageFile): AsyncGenerator<FileRecord> {
  const codec = new RecordCodec(crc32);
  for await (const row of checkedRows(file, crc32)) {
    if (row.key[0] !== prefixes.record) continue;
    const key = userKey(row.key);
    // What was read is overwritten by what is read next.
    yield { key: key.slice(), value: codec.decode(key, row.value).value.slice() };
  }
}
