// Every message with arbitrary content, for the round trips.

import fc from "fast-check";
import type { NodeId, RegionId } from "../../src/base/ids.ts";
import type { Membership } from "../../src/raft/membership.ts";
import type { ClientRequest, ClientResponse } from "../../src/wire/client-protocol.ts";
import { limits } from "../../src/wire/limits.ts";
import type { PeerCalls, PeerMessageType } from "../../src/wire/peer-protocol.ts";

const index = fc.oneof(fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), fc.constantFrom(0, 2 ** 32, Number.MAX_SAFE_INTEGER));
const term = index.map((value) => Math.max(1, value));
const timeoutMs = fc.nat(86_400_000);
const blob = fc.uint8Array({ maxLength: 5_000 });
const key = fc.uint8Array({ maxLength: 1_024 });
const text = (bytesMax: number): fc.Arbitrary<string> => fc.string({ unit: "grapheme", maxLength: 10 }).filter((value) => Buffer.byteLength(value) <= bytesMax);
const name = text(limits.nameBytesMax);
const method = text(limits.methodBytesMax);
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
// Written and read once as JSON: that knows no -0.
const plain = fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes("__proto__")).map((value) => JSON.parse(JSON.stringify(value)) as unknown);

export const nodeId = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map((value) => value.toString() as NodeId);
export const regionId = fc.integer({ min: 1, max: 0xffff_ffff }) as fc.Arbitrary<RegionId>;

const ids = fc.array(nodeId, { maxLength: 5 });
const member = fc.record({ id: nodeId, name, peerAddress: name, clientAddress: name, incarnation: index, masterEligible: fc.boolean() });
const membership: fc.Arbitrary<Membership> = fc.record({
  voters: ids, votersOutgoing: ids, learners: ids, learnersNext: ids, members: fc.array(member, { maxLength: 5 }),
});

const vote = { requestId: index, term, candidateId: nodeId, lastLogIndex: index, lastLogTerm: index };
const wait = fc.constantFrom("committed" as const, "applied" as const);

export const peerRequest: { readonly [Type in PeerMessageType]: fc.Arbitrary<PeerCalls[Type]["request"]> } = {
  requestVote: fc.record({ type: fc.constant("requestVote"), ...vote, leadershipTransfer: fc.boolean() }),
  preVote: fc.record({ type: fc.constant("preVote"), ...vote }),
  appendEntries: fc.record({
    type: fc.constant("appendEntries"), requestId: index, term, leaderId: nodeId, prevLogIndex: index, prevLogTerm: index, leaderCommit: index,
    round: index, entries: blob,
  }),
  installSnapshot: fc.record({
    type: fc.constant("installSnapshot"), requestId: index, term, leaderId: nodeId, snapshot: fc.record({ index, term: index, membership }),
    offset: index, done: fc.boolean(), data: blob,
  }),
  timeoutNow: fc.record({ type: fc.constant("timeoutNow"), requestId: index, term, leaderId: nodeId }),
  propose: fc.record({ type: fc.constant("propose"), hops: fc.nat(255), waitFor: wait, timeoutMs, command: blob, trace: fc.constant(true) }, { requiredKeys: ["type", "hops", "waitFor", "timeoutMs", "command"] }),
  readIndex: fc.record({ type: fc.constant("readIndex"), timeoutMs }),
  admin: fc.record({ type: fc.constant("admin"), hops: fc.nat(255), method, params: plain, timeoutMs }),
};

/** With fractions. */
const duration = fc.double({ min: 0, max: 1e12, noNaN: true }).map((ms) => ms + 0);
const voted = { requestId: index, term: index, voteGranted: fc.boolean() };
export const peerResponse: { readonly [Type in PeerMessageType]: fc.Arbitrary<PeerCalls[Type]["response"]> } = {
  requestVote: fc.record({ type: fc.constant("requestVoteResponse"), ...voted }),
  preVote: fc.record({ type: fc.constant("preVoteResponse"), ...voted }),
  appendEntries: fc.record({
    type: fc.constant("appendEntriesResponse"), requestId: index, term: index, success: fc.boolean(), matchIndex: index, conflictIndex: index,
    conflictTerm: index, lastLogIndex: index, round: index, pledge: fc.record({ durationMs: duration, clockMs: duration }),
  }, { requiredKeys: ["type", "requestId", "term", "success", "matchIndex", "conflictIndex", "conflictTerm", "lastLogIndex", "round"] }),
  installSnapshot: fc.record({
    type: fc.constant("installSnapshotResponse"), requestId: index, term: index, accepted: fc.boolean(), matchIndex: index, nextOffset: index,
  }),
  timeoutNow: fc.record({ type: fc.constant("timeoutNowResponse"), requestId: index, term: index }),
  propose: fc.record({ type: fc.constant("proposeResponse"), term: index, index, result: blob }),
  readIndex: fc.record({ type: fc.constant("readIndexResponse"), term: index, index }),
  admin: fc.record({ type: fc.constant("adminResponse"), result: plain }),
};

const view = fc.string({ maxLength: 20 });
const readOptions = {
  consistency: fc.constantFrom("linearizable" as const, "lease" as const, "leader" as const, "stale" as const), minIndex: optional(index), maxLagMs: optional(index), timeoutMs,
};
export const clientRequest: { readonly [Name in ClientRequest["operation"]]: fc.Arbitrary<ClientRequest> } = {
  propose: fc.record({ operation: fc.constant("propose"), region: regionId, waitFor: wait, timeoutMs, command: blob, trace: fc.constant(true) }, { requiredKeys: ["operation", "region", "waitFor", "timeoutMs", "command"] }),
  get: fc.record({ operation: fc.constant("get"), region: regionId, ...readOptions, key }),
  range: fc.record({
    operation: fc.constant("range"), region: regionId, ...readOptions, start: optional(key), end: optional(key), limit: fc.nat(10_000), keysOnly: fc.boolean(),
    countOnly: fc.boolean(), wanted: index,
  }, { requiredKeys: ["operation", "region", "consistency", "minIndex", "maxLagMs", "timeoutMs", "start", "end", "limit", "keysOnly", "countOnly"] }),
  page: fc.record({
    operation: fc.constant("page"), region: regionId, view, start: optional(key), end: optional(key), limit: fc.integer({ min: 1, max: 10_000 }), keysOnly: fc.boolean(), wanted: index,
  }),
  closeView: fc.record({ operation: fc.constant("closeView"), region: regionId, view }),
  admin: fc.record({ operation: fc.constant("admin"), region: regionId, method, params: plain, timeoutMs }),
  watch: fc.record({
    operation: fc.constant("watch"), region: regionId, start: optional(key), end: optional(key), fromIndex: index.map((value) => Math.max(1, value)), waitMs: timeoutMs,
    eventsMax: fc.integer({ min: 1, max: 10_000 }), bytesMax: fc.integer({ min: 1, max: 1_048_576 }), puts: fc.boolean(), deletes: fc.boolean(), keysOnly: fc.boolean(),
  }),
  leaseKeepAlive: fc.record({ operation: fc.constant("leaseKeepAlive"), region: regionId, timeoutMs, leases: fc.array(fc.bigInt(1n, 2n ** 64n - 1n), { minLength: 1, maxLength: 5 }) }),
};

const record = fc.record({ key, value: blob, version: index, createIndex: index, modIndex: index });
const read = fc.record({
  operation: fc.constant("read" as const), records: fc.array(record, { maxLength: 5 }), count: index, more: fc.boolean(), index, term: index,
  leader: optional(name), servedBy: name, staleMs: optional(fc.double({ min: 0, max: 1e9, noNaN: true }).filter((value) => !Object.is(value, -0))), view,
}, { requiredKeys: ["operation", "records", "count", "more", "index", "term", "leader", "servedBy", "staleMs"] });
const nothing = fc.constant(new Uint8Array(0));
const watchEvent = fc.oneof(
  fc.record({ index, kind: fc.constant("put" as const), key, value: blob, version: index, createIndex: index }),
  fc.record({ index, kind: fc.constant("delete" as const), key, value: nothing, version: fc.constant(0), createIndex: fc.constant(0) }),
);
export const clientResponse: { readonly [Name in ClientRequest["operation"]]: fc.Arbitrary<ClientResponse> } = {
  propose: fc.record({ operation: fc.constant("propose"), term: index, index, result: blob, forwardedBy: optional(name), leader: optional(name) }),
  get: read,
  range: read,
  admin: fc.record({ operation: fc.constant("admin"), result: plain }),
  watch: fc.record({
    operation: fc.constant("watch"), nextIndex: index, firstRetained: index, index, term: index, leader: optional(name), servedBy: name,
    events: fc.array(watchEvent, { maxLength: 5 }).map((events) => events.toSorted((left, right) => left.index - right.index)),
  }),
  leaseKeepAlive: fc.record({ operation: fc.constant("leaseKeepAlive"), remainingMs: fc.array(optional(index), { maxLength: 5 }) }),
  page: read,
  closeView: fc.record({ operation: fc.constant("closeView"), wasOpen: fc.boolean() }),
};
