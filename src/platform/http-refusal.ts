// What a listener of raftctl's own protocol says to whoever sends HTTP: in HTTP, and as the HTTP transport between nodes puts a refusal.

import type { RaftctlError } from "../base/errors.ts";
import { encodeRefusal } from "../wire/handshake.ts";
import { jsonCodec } from "./json-codec.ts";

export function httpRefusal(error: RaftctlError): Uint8Array {
  const body = Buffer.concat([jsonCodec.encode([encodeRefusal(error), null], 0), Buffer.from("\n")]);
  return Buffer.concat([Buffer.from(`HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`), body]);
}
