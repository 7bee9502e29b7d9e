import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { crc32 } from "../../src/base/crc.ts";
import { messagePackCodec } from "../../src/wire/codec.ts";
import { FrameDecoder, FrameEncoder } from "../../src/wire/frame.ts";
import { limits } from "../../src/wire/limits.ts";
import { clientOperations } from "../../src/wire/client-protocol.ts";
import { peerMessageTypes } from "../../src/wire/peer-protocol.ts";
import { allMessages } from "./samples.ts";

const file = new URL("golden/frames.json", import.meta.url);
const encoder = new FrameEncoder(messagePackCodec, crc32);

function frameHex(fields: unknown[]): string {
  const { head, tail } = encoder.encode(fields);
  return Buffer.concat(tail === undefined ? [head] : [head, tail]).toString("hex");
}

// GOLDEN=rewrite writes the file anew, after a change of the protocol that was wanted (and a new protocolVersion).
if (process.env["GOLDEN"] === "rewrite") {
  const vectors = Object.fromEntries(Object.entries(allMessages()).map(([name, fields]) => [name, frameHex(fields)]));
  writeFileSync(file, `${JSON.stringify(vectors, null, 2)}\n`);
}
const golden = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;

test("every message type has a golden frame, and none is left over (S19)", () => {
  expect(Object.keys(golden).sort()).toEqual(Object.keys(allMessages()).sort());
  for (const type of Object.keys(peerMessageTypes)) expect(golden).toHaveProperty([`peer.${type}`]);
  for (const operation of Object.keys(clientOperations)) expect(golden).toHaveProperty([`client.${operation}`]);
});

test.each(Object.entries(allMessages()))("%s is the same bytes as ever (S19)", (name, fields) => {
  expect(frameHex(fields)).toBe(golden[name]);
});

test.each(Object.entries(golden))("the golden frame of %s decodes to its fields (S19)", (name, hex) => {
  const payloads: unknown[] = [];
  new FrameDecoder(limits.peerFrameBytesMax, crc32).push(Buffer.from(hex, "hex"), (payload) => payloads.push(messagePackCodec.decode(payload)));
  expect(JSON.stringify(payloads)).toBe(JSON.stringify([messagePackCodec.decode(messagePackCodec.encode(allMessages()[name], 0))]));
});

test("message numbers are what they were: they stand on the wire", () => {
  expect(peerMessageTypes).toEqual({ requestVote: 1, preVote: 2, appendEntries: 3, installSnapshot: 4, timeoutNow: 5, propose: 6, readIndex: 7, admin: 8 });
  expect(clientOperations).toEqual({ propose: 1, get: 2, range: 3, admin: 4, watch: 5, leaseKeepAlive: 6, page: 7, closeView: 8 });
});
