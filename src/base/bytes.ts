// Byte arrays without Node's Buffer, which the floors below the line do not know. Integers are little-endian.

const encoder = new TextEncoder();
/** Of a u64 in this machine's memory. */
const lowWord = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const emptyBytes = new Uint8Array(0);

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** undefined when the bytes are not valid UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && compareBytes(left, right) === 0;
}

/** Lexicographic by unsigned byte, a prefix before what it begins. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = left[index]! - right[index]!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

export function readU16(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! | (bytes[offset + 1]! << 8);
}

export function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
}

export function readU32(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24)) >>> 0;
}

export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}

const words = new Uint32Array(2);
const wide = new BigUint64Array(words.buffer);

export function readU64(bytes: Uint8Array, offset: number): bigint {
  words[lowWord] = readU32(bytes, offset);
  words[1 - lowWord] = readU32(bytes, offset + 4);
  return wide[0]!;
}

/** A u64 that must be a safe integer; NaN when it is larger than 2^53-1, for the caller to refuse. */
export function readSafeU64(bytes: Uint8Array, offset: number): number {
  const high = readU32(bytes, offset + 4);
  return high > 0x1f_ffff ? Number.NaN : high * 2 ** 32 + readU32(bytes, offset);
}

export function writeSafeU64(bytes: Uint8Array, offset: number, value: number): void {
  writeU32(bytes, offset, value >>> 0);
  writeU32(bytes, offset + 4, Math.floor(value / 2 ** 32));
}
