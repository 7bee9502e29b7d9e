// The portable file of a region's state: what a backup is. It can be read without the directory that it came from, and it holds nothing of a node or of a
// time: two members write the same bytes at the same index. docs/backup.md repeats the diagram. Integers are little-endian.
//
//    0          8        12       16       20
//    ┌──────────┬────────┬────────┬────────┬─────────────────────────┐
//    │"RAFTBAK" │ format │ length │ crc    │ header, canonical JSON  │   header: portable-header.ts
//    │ and 0    │  u32   │  u32   │  u32   │                         │
//    ├──────────┴┬───────┴──┬─────┴────────┴─────────────────────────┤
//    │ length u32│ crc, u32 │ part of the image, as stored            │   repeated; up to 1 MiB of image each, compressed for itself
//    ├───────────┼──────────┼──────────────────┬──────────────────────┤
//    │ 0, u32    │ crc, u32 │ image bytes, u64 │ parts, u64           │   end
//    ├───────────┴──────────┴──────────────────┴──────────────────────┤
//    │ SHA-256 of everything before, 32 bytes                         │
//    └────────────────────────────────────────────────────────────────┘
//
// header crc: of bytes 8 to 16 and of the header. Each later crc covers what stands behind it in its part and is seeded with the crc of the part before,
// exclusive-or the length: nothing can be changed, moved, left out or taken from another file without being noticed while it is read.

import { assert } from "../../base/assert.ts";
import { utf8, writeSafeU64, writeU32 } from "../../base/bytes.ts";
import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError } from "../../base/errors.ts";
import { encodeHeader, type PortableHeader } from "./portable-header.ts";
import type { Compression, PartCompression, PortablePorts, Sha256 } from "./portable-ports.ts";

export const portableMagic = utf8("RAFTBAK\0");
export const portableFormat = 1;
/** What `part` has returned stays as it is until so many more have been made. */
export const partsKept = 5;
/** Of the image, before compression. */
export const partBytesMax = 1024 * 1024;
/** What cannot be compressed grows a little. */
export const storedPartBytesMax = partBytesMax + 64 * 1024;
export const headerBytesMax = 1024 * 1024;
export const headerFixedBytes = 20;
export const partHeadBytes = 8;
export const totalsBytes = 16;
export const shaBytes = 32;

export class PortableEncoder {
  readonly #crc32: Crc32;
  readonly #sha256: Sha256;
  readonly #compression: PartCompression | undefined;
  /** Parts are made in these by turns: whoever sends a gigabyte would otherwise keep the collector busy. */
  readonly #frames = Array.from({ length: partsKept }, () => new Uint8Array(0));
  #crc = 0;
  #imageBytes = 0;
  #parts = 0;

  /** @throws INCOMPATIBLE when this runtime cannot compress so */
  constructor(ports: PortablePorts, compression: Compression) {
    this.#crc32 = ports.crc32;
    this.#sha256 = ports.sha256();
    this.#compression = partCompression(ports, compression);
  }

  header(header: PortableHeader): Uint8Array {
    const json = encodeHeader(header);
    const bytes = new Uint8Array(headerFixedBytes + json.length);
    bytes.set(portableMagic, 0);
    writeU32(bytes, 8, portableFormat);
    writeU32(bytes, 12, json.length);
    bytes.set(json, headerFixedBytes);
    this.#crc = headerCrc(bytes, this.#crc32);
    writeU32(bytes, 16, this.#crc);
    this.#sha256.update(bytes);
    return bytes;
  }

  /**
   * @param image 1 byte to `partBytesMax`; every part but the last has exactly that, so that equal images are equal files
   * @returns memory that is used again after `partsKept` parts
   */
  async part(image: Uint8Array): Promise<Uint8Array> {
    assert(image.length > 0 && image.length <= partBytesMax, "a part holds something, and at most its bound");
    this.#imageBytes += image.length;
    this.#parts += 1;
    const stored = (await this.#compression?.compress(image)) ?? image;
    assert(stored.length <= storedPartBytesMax, "compression never makes a part much longer");
    const bytes = this.#framed(stored, stored.length, this.#frame(partHeadBytes + stored.length));
    this.#sha256.update(bytes);
    return bytes;
  }

  /** @returns the last bytes, and the SHA-256 of the file as a whole, as sha256sum prints it */
  end(): { bytes: Uint8Array; sha256: string } {
    const totals = new Uint8Array(totalsBytes);
    writeSafeU64(totals, 0, this.#imageBytes);
    writeSafeU64(totals, 8, this.#parts);
    const framed = this.#framed(totals, 0, new Uint8Array(partHeadBytes + totalsBytes));
    this.#sha256.update(framed);
    const ending = this.#sha256.copy().digest();
    this.#sha256.update(ending);
    const bytes = new Uint8Array(framed.length + shaBytes);
    bytes.set(framed, 0);
    bytes.set(ending, framed.length);
    return { bytes, sha256: hexText(this.#sha256.digest()) };
  }

  #frame(bytes: number): Uint8Array {
    const turn = this.#parts % this.#frames.length;
    if (this.#frames[turn]!.length < bytes) this.#frames[turn] = new Uint8Array(bytes);
    return this.#frames[turn]!.subarray(0, bytes);
  }

  #framed(content: Uint8Array, length: number, bytes: Uint8Array): Uint8Array {
    writeU32(bytes, 0, length);
    bytes.set(content, partHeadBytes);
    this.#crc = this.#crc32(content, (this.#crc ^ length) >>> 0);
    writeU32(bytes, 4, this.#crc);
    return bytes;
  }
}

export function headerCrc(bytes: Uint8Array, crc32: Crc32): number {
  return crc32(bytes.subarray(headerFixedBytes), crc32(bytes.subarray(8, 16)));
}

/** undefined for none. @throws INCOMPATIBLE */
export function partCompression({ zstd }: PortablePorts, compression: Compression): PartCompression | undefined {
  if (compression === "none") return undefined;
  if (zstd !== undefined) return zstd;
  throw new RaftctlError("INCOMPATIBLE", `compression ${compression} is not part of the Node that runs here`, { hint: "use Node 22.15 or later, or --compression none when the backup is made" });
}

export function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The image in pieces of exactly `partBytesMax`, the last one shorter. A piece is valid until the next is asked for: all are filled in one buffer. */
export async function* cutParts(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const part = new Uint8Array(partBytesMax);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length; ) {
      const piece = chunk.subarray(offset, offset + partBytesMax - filled);
      part.set(piece, filled);
      filled += piece.length;
      offset += piece.length;
      if (filled < partBytesMax) continue;
      yield part;
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}

