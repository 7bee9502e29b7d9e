// The events of a watch as one binary field of its answer: a range deletion is many events, and a list of lists would take several times the bytes and the
// time. Steps, each a tag and packed numbers (base/packed-bytes.ts):
//
//    1  index     how many more than the index before (the first: than 0)
//    2  put       key length, value length, version, createIndex | key | value
//    3  delete    key length | key

import { emptyBytes } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import { PackedReader, PackedWriter } from "../base/packed-bytes.ts";
import { limits } from "./limits.ts";

/** One key that has changed. */
export interface WatchEvent {
  /** Of the entry that changed it. */
  readonly index: number;
  readonly kind: "put" | "delete";
  readonly key: Uint8Array;
  /** Empty for a deletion, and when only keys were asked for. */
  readonly value: Uint8Array;
  /** 1 at creation, one more at each put; 0 for a deletion. */
  readonly version: number;
  /** Index of the put that created the key; 0 for a deletion. */
  readonly createIndex: number;
}

const steps = { index: 1, put: 2, delete: 3 } as const;

/** All events of one index are told in one answer: no more bytes of them are kept. The rest of the frame is for the other fields. */
export const watchIndexBytesMax = limits.clientFrameBytesMax - 4096;

/** Tag and numbers of an event, index included where it begins one. */
const overheads = { put: 33, delete: 3 } as const;

/** At most what an event takes in an answer, but for the first of an index. */
export function watchEventBytesMax(kind: WatchEvent["kind"], key: Uint8Array, value: Uint8Array): number {
  return overheads[kind] + key.length + value.length;
}

export function encodeWatchEvents(events: readonly WatchEvent[]): Uint8Array {
  const writer = new PackedWriter(1024);
  let before = 0;
  for (const event of events) {
    if (event.index !== before) {
      writer.byte(steps.index);
      writer.number(event.index - before);
      before = event.index;
    }
    writer.byte(steps[event.kind]);
    writer.number(event.key.length);
    if (event.kind === "put") {
      writer.number(event.value.length);
      writer.number(event.version);
      writer.number(event.createIndex);
    }
    writer.raw(event.key);
    writer.raw(event.value);
  }
  return writer.bytes;
}

/** Keys and values are views. Throws BAD_FRAME. */
export function decodeWatchEvents(bytes: Uint8Array): WatchEvent[] {
  const reader = new PackedReader(bytes, 0, malformed);
  const events: WatchEvent[] = [];
  let index = 0;
  while (!reader.done) {
    const step = reader.byte();
    if (step === steps.index) index += reader.number();
    else if (step === steps.put) events.push(readPut(reader, index));
    else if (step === steps.delete) events.push({ index, kind: "delete", key: reader.raw(reader.number()), value: emptyBytes, version: 0, createIndex: 0 });
    else throw malformed();
  }
  return events;
}

function readPut(reader: PackedReader, index: number): WatchEvent {
  const keyLength = reader.number();
  const valueLength = reader.number();
  const version = reader.number();
  const createIndex = reader.number();
  return { index, kind: "put", key: reader.raw(keyLength), value: reader.raw(valueLength), version, createIndex };
}

function malformed(): RaftctlError {
  return new RaftctlError("BAD_FRAME", "the events of a watch are malformed");
}
