// Calls and responses between the core and the network, with a network of the test's own.

import { expect, test } from "vitest";
import { crc32 } from "../../src/base/crc.ts";
import { globalRegion } from "../../src/base/ids.ts";
import { defer, type Deferred } from "../../src/base/deferred.ts";
import { Messenger } from "../../src/host/messenger.ts";
import type { RaftClusterMember } from "../../src/host/transport.ts";
import type { Input } from "../../src/raft/input.ts";
import type { AppendEntries, Message, Request } from "../../src/raft/message.ts";
import { decodeEntries } from "../../src/storage/wal/record.ts";
import type { AppendEntriesRpc } from "../../src/wire/peer-protocol.ts";
import { codeOf, command, idOf, watch } from "./support/members.ts";

const peer = idOf(2);
const other = idOf(3);
const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function bench(): { messenger: Messenger; delivered: Input[]; sent: { to: string; rpc: { type: string }; answer: Deferred<unknown>; timeoutMs: number }[] } {
  const delivered: Input[] = [];
  const sent: { to: string; rpc: { type: string }; answer: Deferred<unknown>; timeoutMs: number }[] = [];
  const send = (to: string, rpc: { type: string }, { timeoutMs }: { timeoutMs: number }): Promise<unknown> => {
    const answer = defer<unknown>();
    sent.push({ to, rpc, answer, timeoutMs });
    return answer.promise;
  };
  const network = Object.fromEntries(["appendEntries", "requestVote", "preVote", "timeoutNow", "installSnapshot"].map((name) => [name, send]));
  const messenger = new Messenger({
    region: globalRegion, network: network as unknown as RaftClusterMember, crc32, timeoutMs: 500, deliver: (input) => void delivered.push(input),
    audit: { verdictFor: () => undefined, answered: () => undefined },
  });
  return { messenger, delivered, sent };
}

const vote = (requestId: number): Request => ({ type: "requestVote", requestId, term: 2, candidateId: peer, lastLogIndex: 1, lastLogTerm: 1, leadershipTransfer: false });
const voteResponse = (requestId: number): Message => ({ type: "requestVoteResponse", requestId, term: 2, voteGranted: true });
const append = (requestId: number, extra: Partial<AppendEntries> = {}): AppendEntries => ({
  type: "appendEntries", requestId, term: 2, leaderId: idOf(1), prevLogIndex: 1, prevLogTerm: 1, entries: [], leaderCommit: 1, round: 0, ...extra,
});

test("every request of the core passes the network, and its response or its failure comes back as one input (S3, S21)", async () => {
  const { messenger, delivered, sent } = bench();
  messenger.send([vote(1), append(2), { type: "preVote", requestId: 3, term: 3, candidateId: idOf(1), lastLogIndex: 1, lastLogTerm: 1 } as const, { type: "timeoutNow", requestId: 4, term: 2, leaderId: idOf(1) } as const].map((message) => ({ to: peer, message })));
  expect(sent.map(({ rpc, timeoutMs }) => [rpc.type, timeoutMs])).toEqual([["requestVote", 500], ["appendEntries", 500], ["preVote", 500], ["timeoutNow", 500]]);
  sent[0]!.answer.resolve(voteResponse(1));
  sent[1]!.answer.reject(new Error("lost"));
  await flush();
  expect(delivered).toEqual([
    { kind: "message", from: peer, message: voteResponse(1) },
    { kind: "unreachable", peer, requestId: 2 },
  ]);
});

test("peers in step get the same bytes, and a peer that is behind gets its own", () => {
  const { messenger, sent } = bench();
  const entries = [command(2, 2), command(3, 2)];
  messenger.send([
    { to: peer, message: append(1, { entries }) },
    { to: other, message: append(2, { entries: [...entries] }) },
    { to: idOf(4), message: append(3, { entries: entries.slice(1), prevLogIndex: 2 }) },
    { to: peer, message: append(4) },
  ]);
  const runs = sent.map(({ rpc }) => (rpc as unknown as AppendEntriesRpc).entries);
  expect(runs[1]).toBe(runs[0]);
  const indexes = runs.map((run) => (run.length === 0 ? [] : decodeEntries(run, globalRegion, crc32).map(({ index }) => index)));
  expect(indexes).toEqual([[2, 3], [2, 3], [3], []]);
});

test("entries that were replaced by others at the same indexes are encoded anew", () => {
  const { messenger, sent } = bench();
  messenger.send([{ to: peer, message: append(1, { entries: [command(2, 2, "old")] }) }]);
  messenger.send([{ to: peer, message: append(2, { entries: [command(2, 3, "new")] }) }]);
  const terms = sent.map(({ rpc }) => decodeEntries((rpc as unknown as AppendEntriesRpc).entries, globalRegion, crc32).map(({ term }) => term));
  expect(terms).toEqual([[2], [3]]);
});

test("a peer's request is answered by the response of its own id, to the peer that asked (S21)", async () => {
  const { messenger, delivered } = bench();
  const [first, second, foreign] = [watch(messenger.receive(peer, vote(1))), watch(messenger.receive(peer, vote(2))), watch(messenger.receive(other, vote(1)))];
  expect(delivered).toHaveLength(3);
  messenger.send([{ to: peer, message: voteResponse(2) }]);
  messenger.send([{ to: other, message: voteResponse(1) }]);
  await flush();
  expect([first.state, second.value, foreign.value]).toEqual(["pending", voteResponse(2), voteResponse(1)]);
});

test("a response that nobody waits for is dropped, and a repeated one changes nothing", async () => {
  const { messenger } = bench();
  const asked = watch(messenger.receive(peer, vote(1)));
  messenger.send([{ to: other, message: voteResponse(1) }, { to: peer, message: voteResponse(1) }, { to: peer, message: { ...voteResponse(1), voteGranted: false } as Message }]);
  await flush();
  expect(asked.value).toEqual(voteResponse(1));
});

test("a request that is here already is refused, so that it takes effect once (U1)", async () => {
  const { messenger, delivered } = bench();
  void messenger.receive(peer, vote(1));
  expect(await codeOf(messenger.receive(peer, vote(1)))).toBe("BAD_REQUEST");
  expect(delivered).toHaveLength(1);
});

test("a chunk of a snapshot and a heartbeat may have the same number: whoever numbers them does not know the other", async () => {
  const { messenger } = bench();
  const snapshot = { index: 5, term: 2, membership: { voters: [], votersOutgoing: [], learners: [], learnersNext: [], members: [] } };
  const chunk = watch(messenger.receive(peer, { type: "installSnapshot", requestId: 7, term: 2, leaderId: peer, snapshot }));
  const heartbeat = watch(messenger.receive(peer, append(7)));
  await flush();
  expect([chunk.error, heartbeat.error]).toEqual([undefined, undefined]);
  const response = { type: "installSnapshotResponse", requestId: 7, term: 2, accepted: true, matchIndex: 5 } as const;
  messenger.send([{ to: peer, message: response }]);
  await flush();
  expect([chunk.value, heartbeat.state]).toEqual([response, "pending"]);
  const settled = watch(messenger.awaitInstall(peer, 7));
  messenger.send([{ to: peer, message: { ...response, accepted: false } }]);
  await flush();
  expect(settled.value).toEqual({ ...response, accepted: false });
  expect(heartbeat.state).toBe("pending");
});

test("requests of one peer that wait here are bounded, and another peer is not affected (S50)", async () => {
  const { messenger, delivered } = bench();
  const waiting = Array.from({ length: 300 }, (_, number) => watch(messenger.receive(peer, vote(number + 1))));
  await flush();
  const accepted = waiting.filter(({ state }) => state === "pending").length;
  expect([accepted, waiting.filter(({ error }) => error?.code === "BUSY").length]).toEqual([256, 44]);
  expect(delivered).toHaveLength(256);
  expect(watch(messenger.receive(other, vote(1))).state).toBe("pending");
});

test("after stop nothing is sent, received or delivered, and who waits here is told", async () => {
  const { messenger, delivered, sent } = bench();
  messenger.send([{ to: peer, message: vote(1) }]);
  const inbound = watch(messenger.receive(peer, vote(9)));
  delivered.length = 0;
  messenger.stop();
  sent[0]!.answer.resolve(voteResponse(1));
  messenger.send([{ to: peer, message: vote(2) }]);
  expect(await codeOf(messenger.receive(peer, vote(3)))).toBe("STOPPED");
  expect([delivered, sent.length, inbound.error?.code]).toEqual([[], 1, "STOPPED"]);
});
