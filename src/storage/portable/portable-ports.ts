// What a portable file needs of the world: checksums and compression. The real twins stand in daemon/backup/portable-codecs.ts.

import type { Crc32 } from "../../base/crc.ts";
import type { MaybePromise } from "../../base/deferred.ts";

export const compressions = ["none", "zstd"] as const;
export type Compression = (typeof compressions)[number];

export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** Goes on from here, apart from this one. */
  copy(): Sha256;
  /** 32 bytes; nothing is added afterwards. */
  digest(): Uint8Array;
}

export interface PartCompression {
  /** Equal bytes in, equal bytes out. */
  compress(bytes: Uint8Array): MaybePromise<Uint8Array>;
  /** Fails, in any way, for what is damaged or is longer than `bytesMax`; never allocates more than that. */
  decompress(bytes: Uint8Array, bytesMax: number): MaybePromise<Uint8Array>;
}

export interface PortablePorts {
  readonly crc32: Crc32;
  readonly sha256: () => Sha256;
  /** undefined where this runtime has none. */
  readonly zstd: PartCompression | undefined;
}
