// The checker that what is said is durable: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import type { Message } from "../../../src/raft/message.ts";
import { idOf } from "../../raft/harness/members.ts";
import { SaidIsDurable } from "./said-is-durable.ts";
import { DisksDouble } from "./support/disks-double.ts";
import { acknowledged, heartbeat, installedUpTo, preVoteGranted, requestVote, voteGranted, voteRefused } from "./support/messages.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

const disks = new DisksDouble();

/** n1 sends to n2, with a property that knows nothing yet. */
function send(message: Message, replica = new ReplicaDouble("n1", [1, 2])): void {
  new SaidIsDurable(disks).sending(replica, idOf("n2"), message);
}

test("a vote that is not on the disk is a violation, also a vote for another candidate or in an older term (H1)", () => {
  disks.hold("n1", { term: 3 });
  expect(() => send(voteGranted(3))).toThrow("n1 gives its vote in term 3 to node 2, and its disk holds no vote");
  disks.hold("n1", { term: 3, votedFor: "3" });
  expect(() => send(voteGranted(3))).toThrow("its disk holds a vote for node 3");
  disks.hold("n1", { term: 2, votedFor: "2" });
  expect(() => send(voteGranted(3))).toThrow("n1 sends requestVoteResponse of term 3, and its disk holds term 2");
});

test("a request for votes before the candidate's own vote is on its disk is a violation (H1, diss. §3.8)", () => {
  disks.hold("n1", { term: 3 });
  expect(() => send(requestVote("n1", 3))).toThrow("gives its vote in term 3 to node 1");
  disks.hold("n1", { term: 3, votedFor: "1" });
  send(requestVote("n1", 3));
});

test("any message of a term that is not on the disk is a violation (§5.1)", () => {
  disks.hold("n1", { term: 2 });
  for (const message of [voteRefused(3), heartbeat("n1", 3), acknowledged(3, 0), installedUpTo(3, 0)]) expect(() => send(message)).toThrow("its disk holds term 2");
});

test("a node with nothing on its disk may say nothing", () => {
  expect(() => send(heartbeat("n9", 1), new ReplicaDouble("n9"))).toThrow("n9 sends a message and has nothing on its disk");
});

test("an acknowledgement beyond the durable log is a violation, also behind a shorter one that was durable (H17)", () => {
  const replica = new ReplicaDouble("n1", [1, 2]);
  disks.hold("n1", { term: 2, terms: [1] });
  const property = new SaidIsDurable(disks);
  property.sending(replica, idOf("n2"), acknowledged(2, 1));
  expect(() => property.sending(replica, idOf("n2"), acknowledged(2, 2))).toThrow("n1 acknowledges index 2 in term 2, and its disk ends at index 1");
  expect(() => send(installedUpTo(2, 2), replica)).toThrow("n1 acknowledges index 2");
});

test("an acknowledgement of an entry that the disk has with another term is a violation (H19)", () => {
  disks.hold("n1", { term: 2, terms: [1, 1] });
  expect(() => send(acknowledged(2, 2))).toThrow("its disk holds term 1 there");
});

test("a crash makes the disk be asked again", () => {
  const property = new SaidIsDurable(disks);
  disks.hold("n1", { term: 2, terms: [1, 2] });
  property.sending(new ReplicaDouble("n1", [1, 2]), idOf("n2"), acknowledged(2, 2));
  disks.hold("n1", { term: 1, terms: [1] });
  property.crashed("n1");
  expect(() => property.sending(new ReplicaDouble("n1", [1, 2]), idOf("n2"), acknowledged(2, 2))).toThrow("Said Is Durable");
});

test("a PreVote and its answer promise nothing and need no disk (diss. §9.6)", () => {
  disks.hold("n1", { term: 2 });
  send(preVoteGranted(9));
  send({ type: "preVote", requestId: 1, term: 9, candidateId: idOf("n1"), lastLogIndex: 0, lastLogTerm: 0 });
});

test("a vote of an older term than the disk's was durable before, whoever has the vote now", () => {
  disks.hold("n1", { term: 4, votedFor: "3" });
  send(voteGranted(3));
});

test("an acknowledgement of an older term may speak of a log that was overwritten since (H19)", () => {
  const replica = new ReplicaDouble("n1", [1, 3]);
  disks.hold("n1", { term: 3, terms: [1, 3] });
  send(acknowledged(2, 5), replica);
});

test("what a snapshot holds is durable, and a compacted entry is compared with the disk alone (§7)", () => {
  const replica = new ReplicaDouble("n1", [1, 2, 2]);
  replica.compact(3);
  disks.hold("n1", { term: 2, snapshotIndex: 3 });
  send(acknowledged(2, 3), replica);
  send(installedUpTo(2, 2), replica);
  disks.hold("n1", { term: 2, terms: [1, 2, 2] });
  send(acknowledged(2, 2), replica);
});
