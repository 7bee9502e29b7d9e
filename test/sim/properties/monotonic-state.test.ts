// The checker that nothing goes back: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import { idOf } from "../../raft/harness/members.ts";
import { MonotonicState } from "./monotonic-state.ts";
import { preVoteGranted, requestVote, voteGranted, voteRefused } from "./support/messages.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

function running(property: MonotonicState): ReplicaDouble {
  const replica = new ReplicaDouble("n1", [1, 1, 1, 1, 1, 1]);
  replica.compact(2);
  replica.apply(4);
  replica.commitIndex = 5;
  replica.currentTerm = 3;
  property.booted(replica);
  return replica;
}

test.each([
  ["currentTerm", 2],
  ["commitIndex", 4],
  ["lastApplied", 3],
  ["snapshotIndex", 1],
] as const)("%s that goes back within a boot is a violation (Figure 2)", (field, value) => {
  const property = new MonotonicState();
  const replica = running(property);
  replica[field] = value;
  expect(() => property.stepped(replica)).toThrow(`${field} of n1 goes back`);
});

test.each([
  ["lastApplied", 6],
  ["commitIndex", 7],
  ["snapshotIndex", 5],
] as const)("%s that overtakes what bounds it is a violation (§5.3)", (field, value) => {
  const property = new MonotonicState();
  const replica = running(property);
  replica[field] = value;
  expect(() => property.stepped(replica)).toThrow("which do not ascend");
});

test("a term that others were told of is not taken back by a crash (§5.1, H1)", () => {
  const property = new MonotonicState();
  const replica = running(property);
  property.sending(replica, idOf("n2"), voteRefused(3));
  property.crashed("n1");
  replica.reboot();
  replica.currentTerm = 2;
  expect(() => property.booted(replica)).toThrow("n1 recovers with term 2, and has told others of term 3");
});

test("two votes in one term are a violation, also in two boots, and also when the first one was for itself (§5.2, H1)", () => {
  const property = new MonotonicState();
  const replica = running(property);
  property.sending(replica, idOf("n2"), voteGranted(3));
  expect(() => property.sending(replica, idOf("n3"), voteGranted(3))).toThrow("n1 votes for node 3 in term 3, and has voted for node 2");
  property.crashed("n1");
  replica.reboot();
  expect(() => property.sending(replica, idOf("n2"), requestVote("n1", 3))).toThrow("n1 votes for node 1 in term 3");
});

test("what a killed process had applied and saved stays applied: the machine goes on (S116)", () => {
  const property = new MonotonicState();
  const replica = running(property);
  property.saved(replica);
  property.crashed("n1");
  property.killed("n1");
  replica.reboot();
  replica.lastApplied = 2;
  expect(() => property.booted(replica)).toThrow("n1 was killed after it had applied and saved index 4, and recovers with 2");
});

test("what was applied and not saved may be lost with the process, and what was there at its start may not", () => {
  const property = new MonotonicState();
  const replica = running(property);
  replica.write(1);
  replica.lastApplied = replica.lastIndex;
  replica.commitIndex = replica.lastIndex;
  property.stepped(replica);
  property.crashed("n1");
  property.killed("n1");
  replica.reboot();
  replica.lastApplied = 4;
  property.booted(replica);
  property.crashed("n1");
  property.killed("n1");
  replica.reboot();
  replica.lastApplied = 3;
  expect(() => property.booted(replica)).toThrow("recovers with 3");
});

test("a process that is killed while it recovers leaves what the one before it left", () => {
  const property = new MonotonicState();
  const replica = running(property);
  property.saved(replica);
  property.crashed("n1");
  property.killed("n1");
  property.crashed("n1");
  property.killed("n1");
  replica.reboot();
  replica.lastApplied = 2;
  expect(() => property.booted(replica)).toThrow("recovers with 2");
  const afterPowerLoss = new MonotonicState();
  const other = running(afterPowerLoss);
  afterPowerLoss.crashed("n1");
  afterPowerLoss.crashed("n1");
  afterPowerLoss.killed("n1");
  other.reboot();
  other.lastApplied = 2;
  afterPowerLoss.booted(other);
});

test("power that is lost takes back what was not durable: commitIndex, what was applied, and a term that nobody was told of", () => {
  const property = new MonotonicState();
  const replica = running(property);
  property.sending(replica, idOf("n2"), preVoteGranted(9));
  property.crashed("n1");
  property.killed("n1");
  property.crashed("n1");
  replica.reboot();
  replica.currentTerm = 2;
  replica.commitIndex = 2;
  replica.lastApplied = 2;
  property.booted(replica);
  property.stepped(replica);
});

test("a vote that is given again, refused to others, and one of a later term are legal (§5.2)", () => {
  const property = new MonotonicState();
  const replica = running(property);
  property.sending(replica, idOf("n2"), voteGranted(3));
  property.sending(replica, idOf("n2"), voteGranted(3));
  property.sending(replica, idOf("n3"), voteRefused(3));
  property.sending(replica, idOf("n3"), voteGranted(4));
  property.sending(replica, idOf("n2"), requestVote("n1", 5));
  property.sending(replica, idOf("n3"), requestVote("n1", 5));
});

test("a wiped node begins anew (H8)", () => {
  const property = new MonotonicState();
  const replica = running(property);
  property.sending(replica, idOf("n2"), voteGranted(3));
  property.crashed("n1");
  property.wiped("n1");
  const next = new ReplicaDouble("n1");
  next.boot = 2;
  property.booted(next);
  property.sending(next, idOf("n3"), voteGranted(3));
});

test("a snapshot may move everything forward at once (§7)", () => {
  const property = new MonotonicState();
  const replica = running(property);
  replica.install(9, 3);
  property.stepped(replica);
});
