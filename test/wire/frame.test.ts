import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32 } from "../../src/base/crc.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { messagePackCodec } from "../../src/wire/codec.ts";
import { FrameDecoder, FrameEncoder, frameBytes, frameHeaderBytes } from "../../src/wire/frame.ts";

const encoder = new FrameEncoder(messagePackCodec, crc32);

function frameOf(fields: unknown[]): Uint8Array {
  const { head, tail } = encoder.encode(fields);
  return new Uint8Array(Buffer.concat(tail === undefined ? [head] : [head, tail]));
}

function decodeAll(chunks: Uint8Array[], payloadBytesMax = 1 << 20): unknown[] {
  const decoder = new FrameDecoder(payloadBytesMax, crc32);
  const values: unknown[] = [];
  for (const chunk of chunks) decoder.push(chunk, (payload) => values.push(messagePackCodec.decode(payload)));
  return values;
}

function codeOf(call: () => void): string | undefined {
  try {
    call();
  } catch (error) {
    return (error as RaftctlError).code;
  }
  return undefined;
}

function cut(bytes: Uint8Array, lengths: number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (let at = 0; offset < bytes.length; at += 1) {
    const length = lengths[at % lengths.length]!;
    chunks.push(bytes.subarray(offset, offset + length));
    offset += length;
  }
  return chunks;
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  return Array.isArray(value) ? value.map(plain) : value;
}

test("frames come out whole and in order however the stream is cut (S19)", () => {
  const message = fc.array(fc.oneof(fc.nat(), fc.string(), fc.uint8Array({ maxLength: 6_000 })), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(fc.array(message, { minLength: 1, maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1 }), (messages, lengths) => {
    const stream = new Uint8Array(Buffer.concat(messages.map(frameOf)));
    expect(decodeAll(cut(stream, lengths)).map(plain)).toEqual(messages.map(plain));
  }), { numRuns: 200 });
});

test("a stream of single bytes is decoded", () => {
  expect(decodeAll(cut(frameOf([1, "two", 3]), [1]))).toEqual([[1, "two", 3]]);
});

test("a large blob is not copied into the frame: it follows it as it is", () => {
  const blob = new Uint8Array(100_000).fill(7);
  const frame = encoder.encode([1, blob]);
  expect(frame.tail).toBe(blob);
  expect(frameBytes(frame)).toBe(frame.head.length + 100_000);
  const [value] = decodeAll([new Uint8Array(Buffer.concat([frame.head, blob]))]) as [[number, Uint8Array]];
  expect(value[0]).toBe(1);
  expect(Buffer.compare(value[1], blob)).toBe(0);
});

test("encoding a blob at the end leaves the fields as they were", () => {
  const fields = [1, new Uint8Array(5_000)];
  encoder.encode(fields);
  expect(fields[1]).toBeInstanceOf(Uint8Array);
});

test("a payload in one chunk is a view on it, and a straddler is copied once", () => {
  const frame = frameOf([1, "x".repeat(100)]);
  const whole: Uint8Array[] = [];
  new FrameDecoder(1_000, crc32).push(frame, (payload) => whole.push(payload));
  expect(whole[0]!.buffer).toBe(frame.buffer);
  const straddled: Uint8Array[] = [];
  const decoder = new FrameDecoder(1_000, crc32);
  decoder.push(frame.subarray(0, 20), (payload) => straddled.push(payload));
  expect(decoder.insideFrame).toBe(true);
  decoder.push(frame.subarray(20), (payload) => straddled.push(payload));
  expect(decoder.insideFrame).toBe(false);
  expect(straddled[0]!.buffer).not.toBe(frame.buffer);
});

test("an oversized length is refused from its four bytes, before anything is allocated (S19, T1)", () => {
  for (const length of [4_097, 0x7fff_ffff, 0xffff_ffff]) {
    const header = new Uint8Array(4);
    new DataView(header.buffer).setUint32(0, length, true);
    const decoder = new FrameDecoder(4_096, crc32);
    expect(() => decoder.push(header, () => undefined)).toThrow(`a frame of ${length} bytes (want 1 to 4096)`);
  }
});

test("an empty frame is refused", () => {
  expect(() => new FrameDecoder(100, crc32).push(new Uint8Array(8), () => undefined)).toThrow(RaftctlError);
});

test("a frame of exactly the bound passes, one byte more does not", () => {
  const frame = frameOf([1, "x".repeat(50)]);
  const payload = frame.length - frameHeaderBytes;
  expect(decodeAll([frame], payload)).toHaveLength(1);
  expect(() => decodeAll([frame], payload - 1)).toThrow("want 1 to");
});

test("memory follows the bytes that arrived, not the length that was announced (T1)", () => {
  const header = new Uint8Array(9);
  new DataView(header.buffer).setUint32(0, 8 * 1024 * 1024, true);
  const before = process.memoryUsage().arrayBuffers;
  const decoders = Array.from({ length: 200 }, () => new FrameDecoder(8 * 1024 * 1024, crc32));
  for (const decoder of decoders) decoder.push(header, () => undefined);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * 128 * 1024);
});

test("a flipped bit anywhere in a frame is never handed out as a payload (S6)", () => {
  const frame = frameOf([1, "a message", new Uint8Array([1, 2, 3])]);
  for (let bit = 0; bit < frame.length * 8; bit += 1) {
    const damaged = frame.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    const received: unknown[] = [];
    const decoder = new FrameDecoder(1_000, crc32);
    const outcome = codeOf(() => decoder.push(damaged, (payload) => received.push(payload)));
    // Undetected only as long as the frame pretends to be longer: then it waits for more.
    expect([outcome, received]).toEqual([decoder.insideFrame && outcome === undefined ? undefined : "BAD_FRAME", []]);
  }
});

test("a stopped decoder hands out nothing more, not even from the same chunk", () => {
  const received: unknown[] = [];
  const decoder = new FrameDecoder(1_000, crc32);
  decoder.push(new Uint8Array(Buffer.concat([frameOf([1, 1]), frameOf([2, 2])])), (payload) => {
    received.push(messagePackCodec.decode(payload));
    decoder.stop();
  });
  expect(received).toEqual([[1, 1]]);
});

test("the bound can be raised between two frames of one chunk", () => {
  const large = frameOf([2, "y".repeat(300)]);
  const received: unknown[] = [];
  const decoder = new FrameDecoder(50, crc32);
  decoder.push(new Uint8Array(Buffer.concat([frameOf([1, "hello"]), large])), (payload) => {
    received.push(messagePackCodec.decode(payload));
    decoder.payloadBytesMax = 1_000;
  });
  expect(received).toHaveLength(2);
});
