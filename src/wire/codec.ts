// The one msgpackr configuration, and the port behind which another encoding (JSON, for HTTP) can stand. A codec knows null, booleans,
// numbers, strings, bytes, arrays and plain objects with string keys, and nothing else; `undefined` becomes null.
//
// No record structures, so nothing that one peer sends changes how the next message is read; maps decode into Maps and become plain objects
// only here, where `__proto__` and duplicate keys are refused. Decoded bytes are views on what was given to `decode`: who keeps a small one
// for long copies it.

import { Packr, RESERVE_START_SPACE } from "msgpackr";
import { assert } from "../base/assert.ts";
import { RaftctlError } from "../base/errors.ts";
import { MessagePackScan } from "./message-pack-scan.ts";

export interface Codec {
  /** @param reserve bytes left free at the beginning, at most 255, for a header that the caller writes. */
  encode(value: unknown, reserve: number): Uint8Array;
  /** Throws BAD_FRAME when the bytes are not exactly one value. */
  decode(bytes: Uint8Array): unknown;
}

/** A codec that can leave the last field, when it is bytes, to its caller: large blobs reach the socket without being copied. */
export interface FrameCodec extends Codec {
  /** The encoding of `fields` without the content of its last field: appending that content completes it. */
  encodeBeforeLast(fields: unknown[], reserve: number): Uint8Array;
  /**
   * What was encoded last will not be used: its place is written over by the next. Encodings share large buffers, so a small one beside an
   * abandoned large one would keep it in memory.
   */
  abandon(encoded: Uint8Array): void;
}

/** Five bytes in MessagePack, as the header of a long byte string is. */
const placeholder = 0xffff_ffff;

class MessagePackCodec implements FrameCodec {
  readonly #scan = new MessagePackScan();
  readonly #packr = new Packr({
    useRecords: false,
    mapsAsObjects: false,
    int64AsType: "number",
    encodeUndefinedAsNil: true,
  });

  encode(value: unknown, reserve: number): Uint8Array {
    return this.#packr.pack(value, RESERVE_START_SPACE | reserve);
  }

  encodeBeforeLast(fields: unknown[], reserve: number): Uint8Array {
    const last = fields.at(-1);
    assert(last instanceof Uint8Array, "the last field is bytes");
    fields[fields.length - 1] = placeholder;
    const head = this.encode(fields, reserve);
    fields[fields.length - 1] = last;
    const start = head.length - 5;
    head[start] = 0xc6;
    for (let byte = 0; byte < 4; byte += 1) head[start + 1 + byte] = last.length >>> (24 - 8 * byte);
    return head;
  }

  abandon(encoded: Uint8Array): void {
    assert(this.#packr.position === encoded.byteOffset + encoded.length, "only what was encoded last is abandoned");
    this.#packr.position = encoded.byteOffset;
  }

  decode(bytes: Uint8Array): unknown {
    const mapEntries = this.#scan.run(bytes);
    const value: unknown = this.#packr.unpack(bytes);
    return mapEntries === 0 ? value : withoutMaps(value, mapEntries);
  }
}

export const messagePackCodec: FrameCodec = new MessagePackCodec();

function withoutMaps(value: unknown, mapEntries: number): unknown {
  let kept = 0;
  const plain = (part: unknown): unknown => {
    if (part instanceof Map) {
      kept += part.size;
      return plainObject(part as Map<string, unknown>, plain);
    }
    return Array.isArray(part) ? part.map(plain) : part;
  };
  const result = plain(value);
  // A Map keeps one of two equal keys, so the difference between what was announced and what is left is the number of duplicates.
  if (kept !== mapEntries) throw new RaftctlError("BAD_FRAME", "not a message of this protocol: a map holds a key twice");
  return result;
}

function plainObject(map: Map<string, unknown>, plain: (part: unknown) => unknown): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [key, value] of map) {
    refuseHarmfulKey(key);
    object[key] = plain(value);
  }
  return object;
}

/** The one key that means something else than itself when it is assigned. */
export function refuseHarmfulKey(key: string): void {
  if (key === "__proto__") throw new RaftctlError("BAD_FRAME", 'not a message of this protocol: a map holds the key "__proto__"');
}
