// Portable files in memory, for tests: headers, files of given parts, and what a reader makes of changed ones.

import { createHash } from "node:crypto";
import { utf8, writeSafeU64, writeU32 } from "../../../src/base/bytes.ts";
import { crc32 } from "../../../src/base/crc.ts";
import { toRaftctlError } from "../../../src/base/errors.ts";
import { parseClusterId, parseNodeId, globalRegion } from "../../../src/base/ids.ts";
import { PortableReader, type PortableEnd } from "../../../src/storage/portable/portable-decoder.ts";
import { headerCrc, headerFixedBytes, PortableEncoder, portableFormat, portableMagic } from "../../../src/storage/portable/portable-encoder.ts";
import type { PortableHeader } from "../../../src/storage/portable/portable-header.ts";
import type { PartCompression, PortablePorts, Sha256 } from "../../../src/storage/portable/portable-ports.ts";
import { MemoryDisk } from "../memory-disk.ts";

const sha256 = (hash = createHash("sha256")): Sha256 => ({ update: (bytes) => void hash.update(bytes), copy: () => sha256(hash.copy()), digest: () => new Uint8Array(hash.digest()) });

/** Repeats of one byte: enough to see that a part was compressed. */
export const runLength: PartCompression = {
  compress: (bytes) => (bytes.every((byte) => byte === bytes[0]) ? Uint8Array.of(1, bytes[0]!, bytes.length & 255, (bytes.length >>> 8) & 255, bytes.length >>> 16) : Uint8Array.of(0, ...bytes)),
  decompress: (bytes, bytesMax) => {
    if (bytes[0] === 0) return bytes.subarray(1);
    const length = bytes[2]! | (bytes[3]! << 8) | (bytes[4]! << 16);
    if (length > bytesMax) throw new Error("longer than allowed");
    return new Uint8Array(length).fill(bytes[1]!);
  },
};

export const ports: PortablePorts = { crc32, sha256: () => sha256(), zstd: runLength };

export const header: PortableHeader = {
  clusterId: parseClusterId("0123456789abcdef0123456789abcdef"), clusterIncarnation: 1, region: { id: globalRegion, name: "global" }, index: 42, term: 3,
  membership: {
    voters: [parseNodeId("7")], votersOutgoing: [], learners: [], learnersNext: [],
    members: [{ id: parseNodeId("7"), name: "n1", peerAddress: "127.0.0.1:7401", clientAddress: "127.0.0.1:7400", incarnation: 1, masterEligible: true }],
  },
  stateDigest: "00112233445566778899aabbccddeeff", imageFormat: 1, compression: "none",
};

export async function encoded(parts: readonly Uint8Array[], changes: Partial<PortableHeader> = {}): Promise<Uint8Array> {
  const made = { ...header, ...changes };
  const encoder = new PortableEncoder(ports, made.compression);
  const pieces = [encoder.header(made)];
  for (const part of parts) pieces.push((await encoder.part(part)).slice());
  pieces.push(encoder.end().bytes);
  return new Uint8Array(Buffer.concat(pieces));
}

/** A file with every checksum right, around whatever header and totals: what only a careful reader refuses. */
export function forged(headerText: string, parts: readonly Uint8Array[], totals = { imageBytes: parts.reduce((sum, { length }) => sum + length, 0), parts: parts.length }): Uint8Array {
  const json = utf8(headerText);
  const head = new Uint8Array(headerFixedBytes + json.length);
  head.set(portableMagic);
  writeU32(head, 8, portableFormat);
  writeU32(head, 12, json.length);
  head.set(json, headerFixedBytes);
  let crc = headerCrc(head, crc32);
  writeU32(head, 16, crc);
  const framed = (content: Uint8Array, length: number): Uint8Array => {
    const bytes = new Uint8Array(8 + content.length);
    writeU32(bytes, 0, length);
    bytes.set(content, 8);
    crc = crc32(content, (crc ^ length) >>> 0);
    writeU32(bytes, 4, crc);
    return bytes;
  };
  const end = new Uint8Array(16);
  const pieces = [head, ...parts.map((part) => framed(part, part.length))];
  writeSafeU64(end, 0, totals.imageBytes);
  writeSafeU64(end, 8, totals.parts);
  const whole = Buffer.concat([...pieces, framed(end, 0)]);
  return new Uint8Array(Buffer.concat([whole, createHash("sha256").update(whole).digest()]));
}

export interface Read {
  readonly header: PortableHeader;
  readonly image: Uint8Array;
  readonly end: PortableEnd;
}

export async function read(bytes: Uint8Array, using: PortablePorts = ports): Promise<Read> {
  const disk = new MemoryDisk();
  disk.plant("/backup", bytes);
  const reader = await PortableReader.open(await disk.open("/backup", "read"), using);
  const image: Uint8Array[] = [];
  const chunks = reader.chunks();
  let step = await chunks.next();
  for (; step.done !== true; step = await chunks.next()) image.push(step.value);
  return { header: reader.header, image: Buffer.concat(image), end: step.value };
}

/** The code that reading it ends with; undefined when it is read to its end. */
export async function refusal(bytes: Uint8Array, using: PortablePorts = ports): Promise<string | undefined> {
  return read(bytes, using).then(() => undefined, (error: unknown) => toRaftctlError(error).code);
}
