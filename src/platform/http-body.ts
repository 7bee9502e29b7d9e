// Reads the body of an HTTP message into memory, up to a bound.

import type { IncomingMessage } from "node:http";
import { RaftctlError } from "../base/errors.ts";
import { limits } from "../wire/limits.ts";

/** Base64 takes four bytes for three. */
export const httpBodyBytesMax = Math.ceil((limits.peerFrameBytesMax * 4) / 3);

/** Throws TOO_LARGE as soon as more has arrived, or has been announced. */
export async function readBody(message: IncomingMessage): Promise<Uint8Array> {
  const announced = Number(message.headers["content-length"] ?? 0);
  if (announced > httpBodyBytesMax) throw tooLarge(announced);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > httpBodyBytesMax) throw tooLarge(bytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function tooLarge(bytes: number): RaftctlError {
  return new RaftctlError("TOO_LARGE", `an HTTP body of ${bytes} bytes (at most ${httpBodyBytesMax})`);
}
