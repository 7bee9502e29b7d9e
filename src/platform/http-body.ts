// Reads the body of an HTTP message into memory, up to a bound.

import type { IncomingMessage } from "node:http";
import { RaftctlError } from "../base/errors.ts";
import { limits } from "../wire/limits.ts";

/** Of a message between nodes: base64 takes four bytes for three. */
export const httpBodyBytesMax = Math.ceil((limits.peerFrameBytesMax * 4) / 3);

/**
 * Throws TOO_LARGE as soon as more has arrived, or has been announced.
 * @param onChunk hears how many bytes have come; what it throws ends the reading
 */
export async function readBody(message: IncomingMessage, bytesMax: number, onChunk: (bytes: number) => void = () => undefined): Promise<Uint8Array> {
  const announced = announcedBytes(message);
  if (announced > bytesMax) throw tooLarge(announced, bytesMax);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge(bytes, bytesMax);
    onChunk(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

/** 0 for a body in chunks. */
export function announcedBytes(message: IncomingMessage): number {
  return Number(message.headers["content-length"] ?? 0);
}

function tooLarge(bytes: number, bytesMax: number): RaftctlError {
  return new RaftctlError("TOO_LARGE", `an HTTP body of ${bytes} bytes (at most ${bytesMax})`);
}
