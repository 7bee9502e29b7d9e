// One example of every message, with values at the edges (S9): those between nodes stand with the conformance suite, those of clients here. The golden
// vectors, the fuzzer and the round trips all begin from these.

import { RaftctlError } from "../../src/base/errors.ts";
import { parseClusterId, parseRegionId } from "../../src/base/ids.ts";
import { idLargest, idPast53, peerRequests, peerResponses, region } from "../../src/conformance/peer-samples.ts";
import type { ClientRequest, ClientResponse } from "../../src/wire/client-protocol.ts";
import { encodeClientRequest } from "../../src/wire/client-requests.ts";
import { encodeClientResponse } from "../../src/wire/client-responses.ts";
import { encodeDisconnect, encodePing, encodePong } from "../../src/wire/control.ts";
import { encodeErrorResponse } from "../../src/wire/envelope.ts";
import type { WireFields } from "../../src/wire/frame.ts";
import { encodeHello, encodeRefusal, encodeWelcome, type Hello, type Welcome } from "../../src/wire/handshake.ts";
import type { PeerMessageType } from "../../src/wire/peer-protocol.ts";
import { encodePeerRequest } from "../../src/wire/peer-requests.ts";
import { encodePeerResponse } from "../../src/wire/peer-responses.ts";

export { idLargest, idOne, idPast53, membership, peerRequests, peerResponses, region } from "../../src/conformance/peer-samples.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const termLargest = Number.MAX_SAFE_INTEGER;

export const clientRequests: { readonly [Name in ClientRequest["operation"]]: Extract<ClientRequest, { operation: Name }> } = {
  propose: { operation: "propose", region, waitFor: "committed", timeoutMs: 5_000, command: text("a command") },
  get: { operation: "get", region, consistency: "linearizable", minIndex: 77, maxLagMs: undefined, timeoutMs: 5_000, key: text("__proto__") },
  range: {
    operation: "range", region, consistency: "stale", minIndex: undefined, maxLagMs: 500, timeoutMs: 5_000, start: text("a"), end: undefined, limit: 100,
    keysOnly: true, countOnly: false,
  },
  admin: { operation: "admin", region, method: "status", params: {}, timeoutMs: 1_000 },
  watch: {
    operation: "watch", region, start: text("a"), end: undefined, fromIndex: 1_000_000_008, waitMs: 10_000, eventsMax: 1_000, bytesMax: 262_144, puts: true,
    deletes: false, keysOnly: true,
  },
  leaseKeepAlive: { operation: "leaseKeepAlive", region, timeoutMs: 1_000, leases: [1n, 2n ** 64n - 1n] },
  page: { operation: "page", region, view: "0123456789abcdef0123456789abcdef", start: text("k\0"), end: text("l"), limit: 100, keysOnly: false, wanted: termLargest },
  closeView: { operation: "closeView", region, view: "0123456789abcdef0123456789abcdef" },
};

export const clientResponses: { readonly [Name in ClientRequest["operation"]]: ClientResponse } = {
  propose: { operation: "propose", term: 3, index: 1_000_000_008, forwardedBy: "n2", leader: "n1", result: text("a result") },
  get: {
    operation: "read", records: [{ key: text("k"), value: text("v"), version: 1, createIndex: 5, modIndex: 6 }], count: 1, more: false, index: 9, term: 3,
    leader: "n1", servedBy: "n2", staleMs: 0.5,
  },
  range: { operation: "read", records: [], count: 12_345, more: true, index: termLargest, term: 3, leader: undefined, servedBy: "n2", staleMs: undefined },
  admin: { operation: "admin", result: { ok: true, nested: { list: ["a", 1.5, null] } } },
  watch: {
    operation: "watch", nextIndex: termLargest, firstRetained: 7, index: 1_000_000_009, term: 3, leader: "n1", servedBy: "n2", events: [
      { index: 1_000_000_008, kind: "put", key: text("a"), value: text("v"), version: 300, createIndex: 5 },
      { index: 1_000_000_008, kind: "delete", key: text("b"), value: new Uint8Array(0), version: 0, createIndex: 0 },
      { index: 1_000_000_009, kind: "put", key: text("c"), value: new Uint8Array(0), version: 1, createIndex: 1_000_000_009 },
    ],
  },
  leaseKeepAlive: { operation: "leaseKeepAlive", remainingMs: [10_000, undefined] },
  page: {
    operation: "read", records: [{ key: text("k1"), value: text("v"), version: 1, createIndex: 5, modIndex: 6 }], count: 1, more: true, index: 9, term: 3, leader: "n1",
    servedBy: "n2", staleMs: 12, view: "0123456789abcdef0123456789abcdef",
  },
  closeView: { operation: "closeView", wasOpen: true },
};

export const hello: Hello = {
  role: "peer", clusterId: parseClusterId("0123456789abcdef0123456789abcdef"), clusterIncarnation: 2, nodeId: idLargest, incarnation: 3, name: "n3",
  regions: [parseRegionId(1), region], expectNodeId: idPast53, credentials: text("token"),
};
export const welcome: Welcome = {
  clusterId: hello.clusterId, clusterIncarnation: 2, nodeId: idPast53, incarnation: 1, name: "n2", regions: [parseRegionId(1)], version: "0.1.0", committed: [termLargest],
};
export const refusal = new RaftctlError("CLUSTER_MISMATCH", "the other node belongs to cluster x", { hint: "check the address", details: { ours: "y" } });

/** Every message as fields, by name. */
export function allMessages(): Record<string, WireFields> {
  const messages: Record<string, WireFields> = {
    hello: encodeHello(hello),
    welcome: encodeWelcome(welcome),
    refusal: encodeRefusal(refusal),
    ping: encodePing(1),
    pong: encodePong(1),
    disconnect: encodeDisconnect(refusal),
    errorResponse: encodeErrorResponse(5, new RaftctlError("NOT_LEADER", "n1 is not the leader", { details: { leader: "n2" } })),
  };
  const add = (name: string, fields: WireFields): void => {
    fields[0] = 5;
    messages[name] = fields;
  };
  for (const type of Object.keys(peerRequests) as PeerMessageType[]) {
    add(`peer.${type}`, encodePeerRequest(type, region, peerRequests[type] as never));
    add(`peer.${type}Response`, encodePeerResponse(type, peerResponses[type] as never));
  }
  for (const operation of Object.keys(clientRequests) as ClientRequest["operation"][]) {
    add(`client.${operation}`, encodeClientRequest(clientRequests[operation]));
    add(`client.${operation}Response`, encodeClientResponse(clientResponses[operation]));
  }
  add("peer.propose traced", encodePeerRequest("propose", region, { ...peerRequests.propose, trace: true }));
  add("peer.appendEntries response with a pledge", encodePeerResponse("appendEntries", { ...peerResponses.appendEntries, success: true, pledge: { durationMs: 1_000, clockMs: 65_432.1 } }));
  add("client.get under a lease", encodeClientRequest({ ...clientRequests.get, consistency: "lease" }));
  add("client.propose traced", encodeClientRequest({ ...clientRequests.propose, trace: true }));
  return messages;
}
