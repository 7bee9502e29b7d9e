// Checksums and compression of portable files as this Node has them. zstd came into Node's zlib with 22.15 and 23.8; where it is missing, files without
// compression are written and read, and the others are refused by name.

import { createHash, type Hash } from "node:crypto";
import * as zlib from "node:zlib";
import { crc32 } from "../../platform/crc32.ts";
import type { PartCompression, PortablePorts, Sha256 } from "../../storage/portable/portable-ports.ts";

export const portablePorts: PortablePorts = { crc32, sha256: newSha256, zstd: zstdOf(zlib) };

type Zlib = Partial<Pick<typeof zlib, "zstdCompress" | "zstdDecompress">>;

/** @returns undefined when this version has no zstd */
export function zstdOf({ zstdCompress, zstdDecompress }: Zlib): PartCompression | undefined {
  if (zstdCompress === undefined || zstdDecompress === undefined) return undefined;
  return {
    compress: (bytes) => settled((done) => zstdCompress(bytes, done)),
    decompress: (bytes, bytesMax) => settled((done) => zstdDecompress(bytes, { maxOutputLength: bytesMax }, done)),
  };
}

function newSha256(): Sha256 {
  return sha256Of(createHash("sha256"));
}

function sha256Of(hash: Hash): Sha256 {
  return { update: (bytes) => void hash.update(bytes), copy: () => sha256Of(hash.copy()), digest: () => new Uint8Array(hash.digest()) };
}

function settled(start: (done: (error: Error | null, bytes: Buffer) => void) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    start((error, bytes) => {
      if (error === null) resolve(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
      else reject(error);
    });
  });
}
