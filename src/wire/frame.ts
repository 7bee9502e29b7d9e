// Frames: how messages stand in a stream of bytes. All integers are little-endian.
//
//   0        4        8
//   ┌────────┬────────┬───────────────────────────┐
//   │ length │ crc32  │ payload: one MessagePack  │      length counts the payload only and is never 0
//   │  u32   │ u32    │ value, `length` bytes     │      crc32 is of the payload
//   └────────┴────────┴───────────────────────────┘
//
// The decoder does no I/O: chunks in, payloads out, as views on the chunk when a frame lies in one chunk; only what straddles is copied. A
// length over the bound is refused from its four bytes alone. It guarantees that a payload with a flipped bit is never handed out.

import { readU32, utf8, writeU32 } from "../base/bytes.ts";
import type { Crc32 } from "../base/crc.ts";
import { RaftctlError } from "../base/errors.ts";
import type { FrameCodec } from "./codec.ts";

export const frameHeaderBytes = 8;

/** From here on a blob in the last field is not copied into the frame but follows it. */
const tailBytesMin = 2048;
/** What a straddling frame gets at first, however long it says it will be, … */
const straddlerBytesFirst = 64 * 1024;
/** … and so many times what has arrived whenever that does not suffice. */
const straddlerGrowth = 8;

/** Header and beginning of the payload, and the rest of the payload where that is one large blob. Together they are one frame. */
export interface Frame {
  readonly head: Uint8Array;
  readonly tail: Uint8Array | undefined;
}

/** What every message is on the wire: an array whose first element says to which request it belongs. */
export type WireFields = unknown[];

export class FrameEncoder {
  readonly #codec: FrameCodec;
  readonly #crc32: Crc32;

  constructor(codec: FrameCodec, crc32: Crc32) {
    this.#codec = codec;
    this.#crc32 = crc32;
  }

  encode(fields: WireFields): Frame {
    const last = fields.at(-1);
    if (last instanceof Uint8Array && last.length >= tailBytesMin) return this.#encodeWithTail(fields, last);
    const head = this.#codec.encode(fields, frameHeaderBytes);
    writeU32(head, 0, head.length - frameHeaderBytes);
    writeU32(head, 4, this.#crc32(head.subarray(frameHeaderBytes)));
    return { head, tail: undefined };
  }

  /** The frame that was encoded last will not be sent. */
  abandon(frame: Frame): void {
    this.#codec.abandon(frame.head);
  }

  #encodeWithTail(fields: WireFields, tail: Uint8Array): Frame {
    const head = this.#codec.encodeBeforeLast(fields, frameHeaderBytes);
    writeU32(head, 0, head.length - frameHeaderBytes + tail.length);
    writeU32(head, 4, this.#crc32(tail, this.#crc32(head.subarray(frameHeaderBytes))));
    return { head, tail };
  }
}

export function frameBytes(frame: Frame): number {
  return frame.head.length + (frame.tail?.length ?? 0);
}

/** How HTTP begins, as the length of a frame that nobody allows: so it can be told from rubbish. */
const httpBeginnings: ReadonlyMap<number, "http-request" | "http-response"> = new Map([
  ...["GET ", "HEAD", "POST", "PUT ", "DELE", "OPTI", "PATC"].map((word) => [readU32(utf8(word), 0), "http-request"] as const), [readU32(utf8("HTTP"), 0), "http-response"] as const,
]);
const httpHint = "between nodes: set peer.transport to the same on every member; a client that speaks HTTP uses the address of listen.http";

export class FrameDecoder {
  /** Changed by the owner when the handshake is done. */
  payloadBytesMax: number;
  readonly #crc32: Crc32;
  #header = new Uint8Array(frameHeaderBytes);
  #headerLength = 0;
  /** The payload of a frame that began in an earlier chunk; grows as bytes arrive, never as they are announced. */
  #straddler: Uint8Array | undefined;
  #straddlerLength = 0;
  #payloadLength = 0;
  #stopped = false;

  constructor(payloadBytesMax: number, crc32: Crc32) {
    this.payloadBytesMax = payloadBytesMax;
    this.#crc32 = crc32;
  }

  /** True between the first and the last byte of a frame. */
  get insideFrame(): boolean {
    return this.#headerLength > 0;
  }

  /** Nothing more is handed out, also not from the chunk that is being read. */
  stop(): void {
    this.#stopped = true;
    this.#straddler = undefined;
  }

  /**
   * Hands out every payload that is complete, in order.
   * @param chunk must not be changed afterwards, for payloads are views on it.
   * Throws BAD_FRAME, or INCOMPATIBLE for what is HTTP; the stream cannot be read any further then.
   */
  push(chunk: Uint8Array, onPayload: (payload: Uint8Array) => void): void {
    let offset = 0;
    while (offset < chunk.length && !this.#stopped) {
      if (this.#headerLength < frameHeaderBytes) offset = this.#readHeader(chunk, offset);
      if (this.#headerLength === frameHeaderBytes) offset = this.#readPayload(chunk, offset, onPayload);
    }
  }

  #readHeader(chunk: Uint8Array, offset: number): number {
    const end = Math.min(chunk.length, offset + frameHeaderBytes - this.#headerLength);
    let at = offset;
    for (; at < end; at += 1) {
      this.#header[this.#headerLength] = chunk[at]!;
      this.#headerLength += 1;
    }
    if (this.#headerLength >= 4) this.#acceptLength(readU32(this.#header, 0));
    return at;
  }

  #acceptLength(length: number): void {
    if (length === 0 || length > this.payloadBytesMax) {
      const speaks = httpBeginnings.get(length);
      if (speaks !== undefined) throw new RaftctlError("INCOMPATIBLE", "HTTP, where raftctl's own protocol over TCP is spoken", { hint: httpHint, details: { speaks } });
      throw new RaftctlError("BAD_FRAME", `a frame of ${length} bytes (want 1 to ${this.payloadBytesMax})`);
    }
    this.#payloadLength = length;
  }

  #readPayload(chunk: Uint8Array, offset: number, onPayload: (payload: Uint8Array) => void): number {
    const available = chunk.length - offset;
    if (this.#straddler === undefined && available >= this.#payloadLength) {
      const end = offset + this.#payloadLength;
      this.#deliver(chunk.subarray(offset, end), onPayload);
      return end;
    }
    const taken = Math.min(available, this.#payloadLength - this.#straddlerLength);
    this.#keep(chunk.subarray(offset, offset + taken));
    if (this.#straddlerLength === this.#payloadLength) this.#deliver(this.#straddler!.subarray(0, this.#payloadLength), onPayload);
    return offset + taken;
  }

  #keep(part: Uint8Array): void {
    const needed = this.#straddlerLength + part.length;
    const held = this.#straddler;
    if (held === undefined || held.length < needed) {
      this.#straddler = new Uint8Array(Math.min(this.#payloadLength, Math.max(straddlerBytesFirst, needed * straddlerGrowth)));
      if (held !== undefined) this.#straddler.set(held.subarray(0, this.#straddlerLength));
    }
    this.#straddler!.set(part, this.#straddlerLength);
    this.#straddlerLength = needed;
  }

  #deliver(payload: Uint8Array, onPayload: (payload: Uint8Array) => void): void {
    const expected = readU32(this.#header, 4);
    const actual = this.#crc32(payload);
    if (actual !== expected) {
      throw new RaftctlError("BAD_FRAME", `a frame of ${payload.length} bytes was damaged on its way (crc32 ${actual}, want ${expected})`);
    }
    this.#headerLength = 0;
    this.#straddler = undefined;
    this.#straddlerLength = 0;
    onPayload(payload);
  }
}
