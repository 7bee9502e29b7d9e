// The DataEngine over an ordered store: keys (kv.ts) and streams (streams.ts) side by side, each in its part of the keyspace, both counted into one
// digest. Holds no content of its own; whoever rolls a transaction back makes a new one.

import type { Crc32 } from "../base/crc.ts";
import type { DataEngine, DataRecord, KeyDelete, KeyListing, KeySpan, KeyWrite, StreamPage, StreamQuery, WriteOutcome } from "./data-engine.ts";
import type { DataSize } from "./data-size.ts";
import type { Digest } from "./digest.ts";
import { KeyValueSpace } from "./kv.ts";
import { readRange } from "./reader.ts";
import type { RecordCodec } from "./record.ts";
import type { StoreContent, StoreTransaction } from "./store.ts";
import { StreamSpace } from "./streams.ts";

export interface StoreEngineOptions {
  readonly codec: RecordCodec;
  readonly crc32: Crc32;
  /** Told of every record that comes and goes. */
  readonly digest: Digest;
  /** Of what is in the store as it is; kept up to date. */
  readonly size: DataSize;
}

export class StoreEngine implements DataEngine {
  readonly #codec: RecordCodec;
  readonly #keyValues: KeyValueSpace;
  readonly #streams: StreamSpace;
  readonly #size: DataSize;

  constructor({ codec, crc32, digest, size }: StoreEngineOptions) {
    this.#codec = codec;
    this.#keyValues = new KeyValueSpace(codec, digest, size);
    this.#streams = new StreamSpace(crc32, digest, size);
    this.#size = size;
  }

  get keyCount(): number {
    return this.#size.keys;
  }

  get(content: StoreContent, key: Uint8Array): DataRecord | undefined {
    return this.#keyValues.get(content, key);
  }

  put(transaction: StoreTransaction, write: KeyWrite, revision: number): WriteOutcome {
    return this.#keyValues.put(transaction, write, revision);
  }

  del(transaction: StoreTransaction, write: KeyDelete): WriteOutcome {
    return this.#keyValues.del(transaction, write);
  }

  deleteRange(transaction: StoreTransaction, span: KeySpan): WriteOutcome {
    return this.#keyValues.deleteRange(transaction, span);
  }

  count(content: StoreContent, span: KeySpan, limit: number): number {
    return this.#keyValues.count(content, span, limit);
  }

  list(content: StoreContent, span: KeySpan, limit: number): KeyListing {
    const { records, more } = readRange(content, this.#codec, { ...span, limit, keysOnly: false, countOnly: false });
    return { records: records.map(({ createIndex: createRevision, modIndex: modRevision, ...record }) => ({ ...record, createRevision, modRevision })), more };
  }

  append(transaction: StoreTransaction, stream: Uint8Array, data: Uint8Array): number {
    return this.#streams.append(transaction, stream, data);
  }

  read(content: StoreContent, query: StreamQuery): StreamPage {
    return this.#streams.read(content, query);
  }
}
