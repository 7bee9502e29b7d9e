// One example of every message between nodes, with values at the edges: the ids 1, 2^53+1 and 2^64-1 (S9), the largest term, empty and long bytes.

import { utf8 as text } from "../base/bytes.ts";
import { parseNodeId, parseRegionId } from "../base/ids.ts";
import type { Membership } from "../raft/membership.ts";
import type { PeerCalls, PeerMessageType } from "../wire/peer-protocol.ts";

export const idOne = parseNodeId("1");
export const idPast53 = parseNodeId("9007199254740993");
export const idLargest = parseNodeId("18446744073709551615");
export const region = parseRegionId(4_294_967_295);
const termLargest = Number.MAX_SAFE_INTEGER;

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
