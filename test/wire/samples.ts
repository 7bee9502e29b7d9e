// One example of every message, with values at the edges: the ids 1, 2^53+1 and 2^64-1 (S9), the largest term, empty and long bytes. The golden
// vectors, the fuzzer and the round trips all begin from these.

import { RaftctlError } from "../../src/base/errors.ts";
import { parseClusterId, parseNodeId, parseRegionId } from "../../src/base/ids.ts";
import type { Membership } from "../../src/raft/membership.ts";
import type { ClientRequest, ClientResponse } from "../../src/wire/client-protocol.ts";
import { encodeClientRequest } from "../../src/wire/client-requests.ts";
import { encodeClientResponse } from "../../src/wire/client-responses.ts";
import { encodeDisconnect, encodePing, encodePong } from "../../src/wire/control.ts";
import { encodeErrorResponse } from "../../src/wire/envelope.ts";
import type { WireFields } from "../../src/wire/frame.ts";
import { encodeHello, encodeRefusal, encodeWelcome, type Hello, type Welcome } from "../../src/wire/handshake.ts";
import type { PeerCalls, PeerMessageType } from "../../src/wire/peer-protocol.ts";
import { encodePeerRequest } from "../../src/wire/peer-requests.ts";
import { encodePeerResponse } from "../../src/wire/peer-responses.ts";

export const idOne = parseNodeId("1");
export const idPast53 = parseNodeId("9007199254740993");
export const idLargest = parseNodeId("18446744073709551615");
export const region = parseRegionId(4_294_967_295);
const termLargest = Number.MAX_SAFE_INTEGER;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export const membership: Membership = {
  voters: [idOne, idPast53],
  votersOutgoing: [idOne, idLargest],
  learners: [],
  learnersNext: [idLargest],
  members: [idOne, idPast53, idLargest].map((id, at) => ({
    id, name: `n${at}`, peerAddress: `10.0.0.${at}:7001`, clientAddress: `[::1]:700${at}`, incarnation: at + 1, masterEligible: at !== 2,
  })),
  replacements: [{ id: "40213377", leaving: idPast53, newcomer: "n9" }],
};

export const peerRequests: { readonly [Type in PeerMessageType]: PeerCalls[Type]["request"] } = {
  requestVote: { type: "requestVote", requestId: 7, term: termLargest, candidateId: idLargest, lastLogIndex: 0, lastLogTerm: 0, leadershipTransfer: true },
  preVote: { type: "preVote", requestId: 4_294_967_296, term: 1, candidateId: idPast53, lastLogIndex: 12, lastLogTerm: 1 },
  appendEntries: {
    type: "appendEntries", requestId: 9, term: 3, leaderId: idOne, prevLogIndex: 1_000_000_007, prevLogTerm: 2, leaderCommit: 1_000_000_001,
    round: 44, entries: text("entries as they rest in the log"),
  },
  installSnapshot: {
    type: "installSnapshot", requestId: 10, term: 3, leaderId: idOne, snapshot: { index: 99, term: 2, membership }, offset: 262_144, done: false,
    data: text("a chunk"),
  },
  timeoutNow: { type: "timeoutNow", requestId: 11, term: 8, leaderId: idLargest },
  propose: { type: "propose", hops: 1, waitFor: "applied", timeoutMs: 5_000, command: text("a command") },
  readIndex: { type: "readIndex", timeoutMs: 250 },
  admin: { type: "admin", hops: 1, method: "join", params: { id: "1", name: "n\u00e4me", dryRun: false, list: [1, null, "x"] }, timeoutMs: 10_000 },
};

export const peerResponses: { readonly [Type in PeerMessageType]: PeerCalls[Type]["response"] } = {
  requestVote: { type: "requestVoteResponse", requestId: 7, term: termLargest, voteGranted: true },
  preVote: { type: "preVoteResponse", requestId: 4_294_967_296, term: 1, voteGranted: false },
  appendEntries: {
    type: "appendEntriesResponse", requestId: 9, term: 3, success: false, matchIndex: 0, conflictIndex: 18, conflictTerm: 2, lastLogIndex: 40, round: 44,
  },
  installSnapshot: { type: "installSnapshotResponse", requestId: 10, term: 3, accepted: true, matchIndex: 99, nextOffset: 524_288 },
  timeoutNow: { type: "timeoutNowResponse", requestId: 11, term: 8 },
  propose: { type: "proposeResponse", term: 3, index: 1_000_000_008, result: text("a result") },
  readIndex: { type: "readIndexResponse", term: 3, index: 1_000_000_008 },
  admin: { type: "adminResponse", result: { members: [{ id: "18446744073709551615" }], index: 5 } },
};

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
  add("client.propose traced", encodeClientRequest({ ...clientRequests.propose, trace: true }));
  return messages;
}
