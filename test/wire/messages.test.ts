import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import type { ClientRequest } from "../../src/wire/client-protocol.ts";
import { decodeClientRequest, encodeClientRequest } from "../../src/wire/client-requests.ts";
import { decodeClientResponse, encodeClientResponse } from "../../src/wire/client-responses.ts";
import { messagePackCodec, type Codec } from "../../src/wire/codec.ts";
import { FieldReader } from "../../src/wire/check.ts";
import { encodeErrorResponse, openEnvelope } from "../../src/wire/envelope.ts";
import { decodeError, encodeError } from "../../src/wire/error-codec.ts";
import type { WireFields } from "../../src/wire/frame.ts";
import { limits } from "../../src/wire/limits.ts";
import { peerMessageTypes, type PeerMessageType } from "../../src/wire/peer-protocol.ts";
import { decodePeerRequest, encodePeerRequest } from "../../src/wire/peer-requests.ts";
import { decodePeerResponse, encodePeerResponse } from "../../src/wire/peer-responses.ts";
import { jsonCodec } from "../../src/platform/json-codec.ts";
import { clientRequest, clientResponse, nodeId, peerRequest, peerResponse, regionId } from "./arbitraries.ts";
import { clientRequests, idLargest, idOne, idPast53, peerRequests, peerResponses, region } from "./samples.ts";

const types = Object.keys(peerMessageTypes) as PeerMessageType[];
const operations = ["propose", "get", "range", "admin"] as const satisfies ClientRequest["operation"][];
const codecs: [string, Codec][] = [["msgpack", messagePackCodec], ["JSON", jsonCodec]];

/** Buffers and plain byte arrays are equal when their bytes are. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, comparable(part)]));
}

describe.each(codecs)("with the %s codec", (_name, codec) => {
  const travel = (fields: WireFields): WireFields => openEnvelope(codec.decode(codec.encode(fields, 0)));

  test.each(types)("%s requests survive the way (S20)", (type) => {
    fc.assert(fc.property(regionId, peerRequest[type] as fc.Arbitrary<never>, (group, rpc) => {
      const decoded = decodePeerRequest(travel(encodePeerRequest(type, group, rpc)));
      expect(comparable(decoded)).toEqual(comparable({ type, region: group, rpc }));
    }), { numRuns: 60 });
  });

  test.each(types)("%s responses survive the way (S20)", (type) => {
    fc.assert(fc.property(peerResponse[type] as fc.Arbitrary<never>, (response) => {
      expect(comparable(decodePeerResponse(type, travel(encodePeerResponse(type, response))))).toEqual(comparable(response));
    }), { numRuns: 60 });
  });

  test.each(operations)("client %s requests and responses survive the way (S20)", (operation) => {
    fc.assert(fc.property(clientRequest[operation], clientResponse[operation], (request, response) => {
      expect(comparable(decodeClientRequest(travel(encodeClientRequest(request))))).toEqual(comparable(request));
      expect(comparable(decodeClientResponse(operation, travel(encodeClientResponse(response))))).toEqual(comparable(response));
    }), { numRuns: 60 });
  });

  test("node ids 1, 2^53+1 and 2^64-1 survive; negatives, zero and larger ones are refused (S9)", () => {
    for (const id of [idOne, idPast53, idLargest]) {
      expect(decodePeerRequest(travel(encodePeerRequest("timeoutNow", region, { ...peerRequests.timeoutNow, leaderId: id }))).rpc).toMatchObject({ leaderId: id });
    }
    for (const id of ["-1", "0", "18446744073709551616", "01", "1.0", "", 7, null]) {
      expect(() => decodePeerRequest(travel([5, 5, 1, 11, 8, id]))).toThrow(RaftctlError);
    }
  });

  test("terms and indexes past 2^53-1, negative, fractional or not a number are refused (S9, T5, T12)", () => {
    for (const term of [Number.MAX_SAFE_INTEGER + 2, 2 ** 53, -1, 0, 1.5, "3", true, null, [1]]) {
      expect(() => decodePeerRequest(travel([5, 5, 1, 11, term, "1"]))).toThrow("timeoutNow: term is");
    }
  });

  test("an error keeps code, message, hint and details", () => {
    const error = new RaftctlError("NOT_LEADER", "n1 is not the leader", { hint: "ask n2", details: { leader: "n2", term: 3 } });
    const thrown = fc.sample(fc.constant(0), 1).map(() => {
      try {
        return decodePeerResponse("propose", travel(encodeErrorResponse(5, error)));
      } catch (caught) {
        return caught;
      }
    })[0];
    expect(thrown).toBeInstanceOf(RaftctlError);
    expect(thrown).toMatchObject({ code: "NOT_LEADER", message: "n1 is not the leader", hint: "ask n2", details: { leader: "n2", term: 3 } });
  });

  test("an error that another process met says nothing of where it was read, which would cost most of a refusal (S50)", () => {
    const read = decodeError(new FieldReader("response", [encodeError(new RaftctlError("BUSY", "4096 proposals are waiting already"))], 0, "BAD_FRAME"));
    expect(read.stack).toBe("RaftctlError: 4096 proposals are waiting already");
    expect(new RaftctlError("BUSY", "here").stack).toContain("messages.test.ts");
  });
});

test("every request names its region, and no other region comes out (S11)", () => {
  fc.assert(fc.property(fc.constantFrom(...types), regionId, (type, group) => {
    expect(decodePeerRequest(encodePeerRequest(type, group, peerRequests[type] as never)).region).toBe(group);
  }));
  for (const bad of [0, -1, 2 ** 32, 1.5, "1", null]) expect(() => decodePeerRequest([5, 7, bad, 250])).toThrow("region is");
});

test.each(types)("%s with a field missing, added or of another type is refused with BAD_REQUEST (S14, T5)", (type) => {
  const fields = encodePeerRequest(type, region, peerRequests[type] as never);
  expect(() => decodePeerRequest(fields.slice(0, -1))).toThrow("is missing");
  expect(() => decodePeerRequest([...fields, null])).toThrow(type === "propose" ? "trace is null" : "fields too many");
  for (let at = 2; at < fields.length; at += 1) {
    if (type === "admin" && at === fields.length - 1) continue;
    const changed = fields.map((field, position) => (position === at ? { odd: true } : field));
    expect(() => decodePeerRequest(changed)).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }) as Error);
  }
});

test("behind a proposal only the wish for a trace may stand, and nothing behind that; without it the frame is as it always was", () => {
  const peer = encodePeerRequest("propose", region, peerRequests.propose);
  const client = encodeClientRequest(clientRequests.propose);
  expect([peer.at(-1), client.at(-1)]).toEqual([peerRequests.propose.command, clientRequests.propose.command]);
  expect([...encodePeerRequest("propose", region, { ...peerRequests.propose, trace: true })]).toEqual([...peer, true]);
  for (const [decode, fields] of [[decodePeerRequest, peer], [decodeClientRequest, client]] as const) {
    expect(JSON.stringify(decode([...fields, true]))).toContain('"trace":true');
    expect(JSON.stringify(decode(fields))).not.toContain("trace");
    expect(() => decode([...fields, 1])).toThrow("trace is 1");
    expect(() => decode([...fields, true, true])).toThrow("1 fields too many");
  }
});

test("behind an acknowledgement only a pledge may stand, and nothing behind that; without it the frame is as it always was (H24)", () => {
  const plain = encodePeerResponse("appendEntries", peerResponses.appendEntries);
  const pledge = { durationMs: 1_000, clockMs: 17.25 };
  expect([...encodePeerResponse("appendEntries", { ...peerResponses.appendEntries, pledge })]).toEqual([...plain, 1_000, 17.25]);
  expect(decodePeerResponse("appendEntries", plain)).not.toHaveProperty("pledge");
  expect(decodePeerResponse("appendEntries", [...plain, 1_000, 17.25])).toMatchObject({ pledge });
  for (const wrong of [[1_000], [null, 1], [-1, 1], [1, Number.NaN], [1, Number.POSITIVE_INFINITY], ["1", 1], [1, 1, 1]]) {
    expect(() => decodePeerResponse("appendEntries", [...plain, ...wrong])).toThrow(expect.objectContaining({ code: "BAD_FRAME" }) as Error);
  }
});

test.each(types)("%s responses with a field missing or added are refused with BAD_FRAME", (type) => {
  const fields = encodePeerResponse(type, peerResponses[type] as never);
  expect(() => decodePeerResponse(type, fields.slice(0, -1))).toThrow(expect.objectContaining({ code: "BAD_FRAME" }) as Error);
  expect(() => decodePeerResponse(type, [...fields, 1])).toThrow(expect.objectContaining({ code: "BAD_FRAME" }) as Error);
});

test("an unknown message type or operation is refused, not ignored (S14)", () => {
  expect(() => decodePeerRequest([5, 9, 1])).toThrow("peer request: type is 9");
  expect(() => decodePeerRequest([5, "requestVote", 1])).toThrow("peer request: type is");
  expect(() => decodeClientRequest([5, 0, 1])).toThrow("operation is 0");
});

test("sizes are bounded: chunk, key, command, method, limit (T1)", () => {
  const bytes = (length: number): Uint8Array => new Uint8Array(length);
  const chunk = (length: number): WireFields => encodePeerRequest("installSnapshot", region, { ...peerRequests.installSnapshot, data: bytes(length) });
  expect(() => decodePeerRequest(chunk(limits.snapshotChunkBytesMax))).not.toThrow();
  expect(() => decodePeerRequest(chunk(limits.snapshotChunkBytesMax + 1))).toThrow("data is 262145 bytes");
  const get = (length: number): WireFields => encodeClientRequest({ ...clientRequests.get, key: bytes(length) });
  expect(() => decodeClientRequest(get(limits.keyBytesMax))).not.toThrow();
  expect(() => decodeClientRequest(get(limits.keyBytesMax + 1))).toThrow("key is 1025 bytes");
  expect(() => decodeClientRequest(encodeClientRequest({ ...clientRequests.propose, command: bytes(limits.commandBytesMax + 1) }))).toThrow("command is");
  expect(() => decodeClientRequest(encodeClientRequest({ ...clientRequests.admin, method: "m".repeat(65) }))).toThrow("method is");
  expect(() => decodeClientRequest(encodeClientRequest({ ...clientRequests.range, limit: 10_001 }))).toThrow("limit is 10001");
});

test("admin params are bounded in size and depth and hold no bytes", () => {
  const admin = (params: unknown): (() => unknown) => () => decodeClientRequest(encodeClientRequest({ ...clientRequests.admin, params }));
  expect(admin({ text: "x".repeat(60_000) })).not.toThrow();
  expect(admin({ text: "x".repeat(70_000) })).toThrow("params of about");
  expect(admin(Array.from({ length: 9_000 }, () => 1))).toThrow("params of about");
  let deep: unknown = 1;
  for (let depth = 0; depth < 20; depth += 1) deep = [deep];
  expect(admin(deep)).toThrow("nested deeper");
  expect(admin({ key: new Uint8Array(3) })).toThrow("hold bytes");
});

test("a refused value is described without its control characters and cut short (T24)", () => {
  const evil = `\u001b]0;x\u0007\n${"y".repeat(10_000)}`;
  expect(() => decodePeerRequest([5, 5, 1, 11, evil, "1"])).toThrow(/^[ -~…]{1,250}$/);
});

test("an error code that this version does not know arrives as INTERNAL with its message", () => {
  expect(() => decodePeerResponse("propose", [5, 1, ["FROM_THE_FUTURE", "what it says", null, null]])).toThrow(
    expect.objectContaining({ code: "INTERNAL", message: "what it says" }) as Error,
  );
});

test("a long error message is cut to what the other side accepts", () => {
  const fields = encodeErrorResponse(1, new RaftctlError("INTERNAL", "ä".repeat(100_000)));
  expect(() => decodePeerResponse("propose", fields)).toThrow(expect.objectContaining({ code: "INTERNAL" }) as Error);
});

test("request ids outside u32 and frames that are no list have no envelope (S14)", () => {
  for (const value of [[-1, 1], [2 ** 32, 1], [1.5, 1], ["1", 1], [null, 1], [1], [], null, 3, "x", {}, new Uint8Array(4)]) {
    expect(() => openEnvelope(value)).toThrow(expect.objectContaining({ code: "BAD_FRAME" }) as Error);
  }
  expect(openEnvelope([0xffff_ffff, 1])).toEqual([0xffff_ffff, 1]);
});

test("ids are drawn from the whole u64 range in these properties", () => {
  expect(fc.sample(nodeId, 500).some((id) => BigInt(id) > 2n ** 53n)).toBe(true);
});
