// Everything that can be checked of an image without a cluster: each row's checksum, the position that the header promises, the digest that fits the
// records. Whoever reads an image for another purpose reads it through here, so that nothing is said of a damaged one.

import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError } from "../../base/errors.ts";
import { Digest } from "../../machine/digest.ts";
import { decodeImage } from "../../machine/image.ts";
import { ImageCheck } from "../../machine/image-check.ts";
import { prefixes } from "../../machine/keyspace.ts";
import { decodePosition } from "../../machine/position.ts";
import type { KeyValue } from "../../machine/store.ts";
import { crc32 as systemCrc32 } from "../../platform/crc32.ts";
import type { ImageEnd, ImageFile } from "./image-file.ts";

export interface CheckedImage {
  readonly end: ImageEnd;
  readonly stateDigest: string;
}

/** All rows in their order; the return value is there only when the whole file is good. @throws CORRUPT */
export async function* checkedRows(file: ImageFile, crc32: Crc32 = systemCrc32): AsyncGenerator<KeyValue, CheckedImage> {
  const { path, header } = file;
  const held = holdEnd(file.chunks());
  let stateDigest: string | undefined;
  try {
    for await (const row of new ImageCheck(header, crc32).through(decodeImage(held.chunks, crc32))) {
      if (row.key[0] === prefixes.position) stateDigest = new Digest(decodePosition(row.value, crc32).digest).text();
      yield row;
    }
  } catch (error) {
    throw named(path, error);
  }
  if (stateDigest === undefined || (header.stateDigest ?? stateDigest) !== stateDigest) {
    throw unusable(path, `it announces the state digest ${header.stateDigest} but holds ${stateDigest ?? "none"}`);
  }
  return { end: held.end(), stateDigest };
}

/** The machine does not know where an image comes from. */
function named(path: string, error: unknown): unknown {
  if (!(error instanceof RaftctlError) || error.code !== "CORRUPT" || error.message.includes(path)) return error;
  return unusable(path, error.message, error);
}

function unusable(path: string, reason: string, cause?: RaftctlError): RaftctlError {
  return new RaftctlError("CORRUPT", `${path} holds no usable state: ${reason}`, { details: { file: path }, hint: "take another backup; nothing of this file is used", ...(cause && { cause }) });
}

/** A generator's return value is lost to a `for await`; here it is kept. */
function holdEnd(chunks: AsyncGenerator<Uint8Array, ImageEnd>): { chunks: AsyncGenerator<Uint8Array>; end: () => ImageEnd } {
  let end: ImageEnd | undefined;
  const through = async function* (): AsyncGenerator<Uint8Array> {
    end = yield* chunks;
  };
  return { chunks: through(), end: () => end! };
}
