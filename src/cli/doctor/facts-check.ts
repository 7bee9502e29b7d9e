// What a node answered, checked before anything is concluded from it or shown: another version, or somebody who means harm, may say anything. What cannot
// be read is a finding of its own.

import type { FormationProgress } from "../../wire/admin-protocol.ts";
import type { DivergenceFacts, Knock, MembershipFacts, NodeFacts, PeerFacts, ProcessFacts, RaftFacts } from "../../wire/node-facts.ts";
import { beginning, count, flag, listOf, matching, measure, oneOf, orNull, record, text, type Shape } from "./shape.ts";

/** As many members as a membership may have. */
const elementsMax = 256;

const name = text(512);
const message = beginning(4_096);
const id = matching(/^\d{1,20}$/, "a node id");
const clusterId = matching(/^[0-9a-f]{32}$/, "a cluster id");
/** One of ours: it goes into a table as it is. */
const word = matching(/^[A-Za-z-]{1,40}$/, "a word");
const ids = listOf(id, elementsMax);
const trouble = record<{ code: string; message: string }>({ code: name, message });

const membership = record<MembershipFacts>({
  voters: ids, votersOutgoing: ids, learners: ids,
  members: listOf(record<MembershipFacts["members"][number]>({ id, name, peerAddress: name, clientAddress: name, incarnation: count, masterEligible: flag }), elementsMax),
});

const answered = record<Omit<Extract<Knock, { ok: true }>, "ok">>({ nodeId: id, name, clusterId: orNull(clusterId), incarnation: count, ms: measure });
const knock: Shape<Knock> = (value, at) => {
  const { ok } = record<{ ok: boolean }>({ ok: flag })(value, at);
  return ok ? { ok, ...answered(value, at) } : { ok, ...trouble(value, at) };
};

const peer = record<PeerFacts>({
  id, address: name, knock,
  link: orNull(record<NonNullable<PeerFacts["link"]>>({ state: oneOf("connected", "connecting", "closed"), lastError: orNull(message), rttMs: orNull(measure) })),
  lastContactMs: orNull(measure), matchIndex: orNull(count), replication: orNull(word),
});

const process = record<ProcessFacts>({
  pid: count, state: word, uptimeMs: measure, eventLoopLagP99Ms: measure, wallClockMs: measure, wallClockJumpMs: measure,
  join: orNull(record<NonNullable<ProcessFacts["join"]>>({ stage: word, error: orNull(trouble) })),
});

const raft = record<RaftFacts>({
  role: orNull(word), term: count, votedFor: orNull(id), leader: orNull(id), lastContactMs: orNull(measure),
  lastTerm: count, lastIndex: count, commitIndex: count, lastApplied: orNull(count), snapshotIndex: count,
  votes: orNull(record<NonNullable<RaftFacts["votes"]>>({ granted: ids, refused: ids, missing: ids, needed: listOf(count, elementsMax) })),
  membershipIndex: count, membership, removedAt: orNull(count),
  divergence: orNull(record<DivergenceFacts>({ index: orNull(count), message })),
});

const facts = record<NodeFacts>({
  source: oneOf("live"), clusterId, clusterIncarnation: count, nodeId: id, name, incarnation: count, version: name, protocol: count, dataFormat: count, dataDir: text(4_096),
  addresses: orNull(record<NonNullable<NodeFacts["addresses"]>>({ peer: name, client: name })), electionTimeoutMs: orNull(measure), masterEligible: flag, process: orNull(process),
  disk: record<NodeFacts["disk"]>({ fsyncP99Ms: orNull(measure), pendingMs: orNull(measure), readOnly: flag }),
  raft, peers: listOf(peer, elementsMax), warnings: listOf(trouble, elementsMax),
});

const formation = record<FormationProgress>({
  source: text(4_096), expect: count, found: count, vote: orNull(id), waitsFor: message,
  addresses: listOf(record<FormationProgress["addresses"][number]>({ address: name, state: oneOf("self", "forming", "member", "refused", "silent"), detail: message }), elementsMax),
  problem: orNull(record<NonNullable<FormationProgress["problem"]>>({ code: name, message, hint: orNull(message) })),
});

/** @throws INCOMPATIBLE naming the field */
export function checkFacts(answer: unknown): NodeFacts {
  return facts(answer, "diagnose");
}

/** @throws INCOMPATIBLE naming the field */
export function checkFormation(answer: unknown): FormationProgress {
  return formation(answer, "formation");
}
