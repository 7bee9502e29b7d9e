// Leadership transfer (diss. §3.10): to whom, how it is answered, and that it always ends.

import { expect, test } from "vitest";
import type { NodeId } from "../../src/base/ids.ts";
import { Cluster } from "./harness/cluster.ts";
import { Lone } from "./harness/lone.ts";
import { idOf, member, membershipOf, pristine } from "./harness/members.ts";

const three = ["n1", "n2", "n3"];
const ofThree = membershipOf({ voters: three });

function transfer(cluster: Cluster, target: NodeId | undefined): number {
  return cluster.ask("n1", (ticket) => ({ kind: "transferLeadership", ticket, target }));
}

test("without a target the most up-to-date voter in contact takes over (H31)", () => {
  const cluster = new Cluster(["n1", "n2", "n3", "n4", "n5"]);
  cluster.elect("n1");
  cluster.isolate("n2");
  cluster.cut("n1", "n3");
  cluster.propose("n1", "x");
  cluster.heal();
  const ticket = transfer(cluster, undefined);
  expect(cluster.answersTo("n1", ticket)).toMatchObject([{ kind: "leadershipTransferred", leader: idOf("n4") }]);
});

test("a target that is behind is brought up to date first, and wins (H31)", () => {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  cluster.isolate("n3");
  for (let count = 0; count < 20; count += 1) cluster.propose("n1", `v${count}`);
  cluster.heal();
  const ticket = transfer(cluster, idOf("n3"));
  cluster.advance(60);
  expect(cluster.leaders).toEqual(["n3"]);
  expect(cluster.answersTo("n1", ticket)).toMatchObject([{ kind: "leadershipTransferred" }]);
});

test.each([
  { who: "a learner", target: "n4" },
  { who: "a stranger", target: "n9" },
  { who: "a voter that is not master-eligible (S96)", target: "n3" },
])("$who is refused as a target", ({ target }) => {
  const members = membershipOf({ voters: three, learners: ["n4"] }).members.map((each) => (each.name === "n3" ? member("n3", { masterEligible: false }) : each));
  const lone = new Lone("n1", pristine({ ...membershipOf({ voters: three, learners: ["n4"] }), members }));
  lone.becomeLeader(three);
  lone.input({ kind: "transferLeadership", ticket: 1, target: idOf(target) });
  expect(lone.answers()).toMatchObject([{ kind: "refused", code: "TRANSFER_FAILED" }]);
  expect(lone.node.status().transferTarget).toBeUndefined();
});

test("with nobody in contact there is nobody to transfer to", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  lone.input({ kind: "transferLeadership", ticket: 1, target: undefined });
  expect(lone.answers()).toMatchObject([{ kind: "refused", code: "TRANSFER_FAILED" }]);
});

test("a transfer to itself is done already", () => {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  expect(cluster.answersTo("n1", transfer(cluster, idOf("n1")))).toMatchObject([{ kind: "leadershipTransferred", leader: idOf("n1") }]);
});

test("TimeoutNow is sent once, however many answers follow", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  for (const name of ["n2", "n3"]) lone.acknowledge(name);
  lone.input({ kind: "transferLeadership", ticket: 1, target: idOf("n2") });
  lone.acknowledge("n3", { matchIndex: 1 });
  lone.input({ kind: "installFinished", peer: idOf("n3"), term: 1, index: 1 });
  expect(lone.sent.filter((each) => each.message.type === "timeoutNow")).toHaveLength(1);
});

test("one transfer at a time, and no membership change meanwhile", () => {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  cluster.drops = ({ message }) => message.type === "timeoutNow";
  transfer(cluster, idOf("n2"));
  expect(cluster.answersTo("n1", transfer(cluster, idOf("n3")))).toMatchObject([{ kind: "refused", code: "TRANSFER_FAILED" }]);
  const change = cluster.ask("n1", (ticket) => ({ kind: "changeMembership", ticket, change: { upsert: [member("n4")] } }));
  expect(cluster.answersTo("n1", change)).toMatchObject([{ kind: "refused", code: "BUSY" }]);
});

test("when another server is elected instead of the chosen target, the transfer has failed", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  lone.acknowledge("n2");
  lone.input({ kind: "transferLeadership", ticket: 1, target: idOf("n2") });
  lone.appendEntries("n3", { term: 2 });
  expect(lone.answers()).toMatchObject([{ kind: "refused", ticket: 1, code: "TRANSFER_FAILED", leader: idOf("n3") }]);
});

test("when nobody is elected after the leader has stepped down, the transfer fails in time (H31)", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  lone.acknowledge("n2");
  lone.input({ kind: "transferLeadership", ticket: 1, target: idOf("n2") });
  lone.requestVote("n2", { term: 2, lastLogIndex: 1, lastLogTerm: 1, leadershipTransfer: true });
  expect(lone.answers()).toEqual([]);
  while (lone.now < 100) lone.tickAtDeadline();
  expect(lone.answers()).toMatchObject([{ kind: "refused", ticket: 1, code: "TRANSFER_FAILED" }]);
});

test("TimeoutNow of an old term, or from somebody who does not lead, starts no election", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.appendEntries("n2", { term: 3 });
  expect(lone.receive("n2", { type: "timeoutNow", requestId: 1, term: 2, leaderId: idOf("n2") })).toMatchObject([{ type: "timeoutNowResponse", term: 3 }]);
  expect(lone.receive("n3", { type: "timeoutNow", requestId: 2, term: 3, leaderId: idOf("n3") })).toMatchObject([{ type: "timeoutNowResponse", term: 3 }]);
  expect(lone.node.status()).toMatchObject({ role: "follower", currentTerm: 3 });
});
