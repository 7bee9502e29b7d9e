// Membership changes as they run through a cluster: one at a time, through joint consensus, finished by whoever leads.

import { expect, test } from "vitest";
import type { MembershipChange } from "../../src/raft/membership.ts";
import { promotionLagMax } from "../../src/raft/reconfiguration.ts";
import { Cluster } from "./harness/cluster.ts";
import { Lone } from "./harness/lone.ts";
import { idOf, member, membershipOf, pristine } from "./harness/members.ts";

const three = ["n1", "n2", "n3"];
const ofThree = membershipOf({ voters: three });

function change(cluster: Cluster, leader: string, asked: MembershipChange): number {
  return cluster.ask(leader, (ticket) => ({ kind: "changeMembership", ticket, change: asked }));
}

/** Three voters and two learners that have caught up. */
function withLearners(): Cluster {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  for (const name of ["n4", "n5"]) {
    cluster.add(name, pristine(membershipOf({})));
    change(cluster, "n1", { upsert: [member(name)] });
  }
  cluster.advance(50);
  return cluster;
}

test("two of three voters are replaced in one change while writes go on (S24)", () => {
  const cluster = withLearners();
  const ticket = change(cluster, "n1", { promote: [idOf("n4"), idOf("n5")], remove: [idOf("n2"), idOf("n3")] });
  expect(cluster.answersTo("n1", ticket)).toMatchObject([{ kind: "membershipChanged" }]);
  for (const name of ["n1", "n4", "n5"]) {
    const { membership } = cluster.node(name);
    expect([membership.voters, membership.votersOutgoing]).toEqual([["n1", "n4", "n5"].map(idOf), []]);
  }
  cluster.crash("n2");
  cluster.crash("n3");
  cluster.propose("n1", "x");
  cluster.advance(5);
  expect(cluster.node("n4").lastApplied).toBe(cluster.node("n1").lastIndex);
});

test("no change begins before the leader has committed an entry of its term (H26)", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  lone.input({ kind: "changeMembership", ticket: 1, change: { upsert: [member("n4")] } });
  expect(lone.answers()).toMatchObject([{ kind: "refused", code: "NOT_READY" }]);
  lone.acknowledge("n2");
  lone.input({ kind: "changeMembership", ticket: 2, change: { upsert: [member("n4")] } });
  expect(lone.node.membership.learners).toEqual([idOf("n4")]);
});

test("one change at a time, simple or joint (H26)", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  lone.acknowledge("n2");
  for (const [ticket, asked] of [{ upsert: [member("n4")] }, { upsert: [member("n5")] }, { remove: [idOf("n3")] }].entries()) {
    lone.input({ kind: "changeMembership", ticket, change: asked });
  }
  expect(lone.answers()).toMatchObject([
    { kind: "refused", ticket: 1, code: "CHANGE_IN_PROGRESS" },
    { kind: "refused", ticket: 2, code: "CHANGE_IN_PROGRESS" },
  ]);
});

test("a change that makes no sense is refused with its reason and changes nothing", () => {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  const before = cluster.node("n1").lastIndex;
  const ticket = change(cluster, "n1", { remove: [idOf("n9")] });
  expect(cluster.answersTo("n1", ticket)).toMatchObject([{ kind: "refused", code: "NOT_FOUND", reason: expect.stringContaining("9") as string }]);
  expect(cluster.node("n1").lastIndex).toBe(before);
});

test("a joint membership commits by both majorities, not by C_new alone (H27)", () => {
  const cluster = withLearners();
  for (const name of ["n2", "n3"]) cluster.crash(name);
  const before = cluster.node("n1").commitIndex;
  change(cluster, "n1", { promote: [idOf("n4"), idOf("n5")], remove: [idOf("n2"), idOf("n3")] });
  cluster.advance(60);
  expect(cluster.node("n4").lastIndex).toBe(cluster.node("n1").lastIndex);
  expect(cluster.node("n1").commitIndex).toBe(before);
});

test("a joint membership is left only when it is committed, by an entry of the leader's term (H27)", () => {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  cluster.isolate("n1");
  change(cluster, "n1", { remove: [idOf("n3")] });
  const { lastIndex, membership } = cluster.node("n1");
  expect(membership.votersOutgoing).toHaveLength(3);
  cluster.advance(60);
  expect(cluster.node("n1").lastIndex).toBe(lastIndex);
  cluster.heal();
  cluster.advance(130);
  expect(cluster.node("n1").lastIndex).toBe(lastIndex + 1);
  expect(cluster.node("n1").membership).toEqual(membershipOf({ voters: ["n1", "n2"] }));
});

test("the commit of earlier entries does not end a joint membership that stands behind them (H27)", () => {
  const lone = new Lone("n1", pristine(ofThree), { appendBytesMax: 1 });
  lone.becomeLeader(three);
  lone.acknowledge("n2");
  lone.propose(1, "x");
  lone.input({ kind: "changeMembership", ticket: 2, change: { remove: [idOf("n3")] } });
  expect(lone.node.lastIndex).toBe(3);
  lone.acknowledge("n2", { matchIndex: 2, lastLogIndex: 3 });
  expect(lone.node.commitIndex).toBe(2);
  expect(lone.node.lastIndex).toBe(3);
  expect(lone.node.membership.votersOutgoing).toHaveLength(3);
});

test("a successor leaves the joint membership that its predecessor entered (§6, H27)", () => {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  cluster.drops = ({ message }) => message.type === "appendEntriesResponse" && message.matchIndex >= 2;
  change(cluster, "n1", { demote: [idOf("n1")] });
  expect(cluster.node("n2").membership.learnersNext).toEqual([idOf("n1")]);
  cluster.crash("n1");
  cluster.drops = () => false;
  cluster.advanceUntil(() => cluster.leaders.length === 1 && cluster.node(cluster.leaders[0]!).membership.votersOutgoing.length === 0);
  const leader = cluster.node(cluster.leaders[0]!);
  expect(leader.membership.voters).toEqual(["n2", "n3"].map(idOf));
  expect(leader.membership.learners).toEqual([idOf("n1")]);
  cluster.restart("n1");
  cluster.advance(200);
  expect(cluster.node("n1").role).toBe("learner");
});

test("a removed leader hands leadership over, so that nobody waits for a timeout (H30)", () => {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  change(cluster, "n1", { remove: [idOf("n1")] });
  expect(cluster.now).toBe(0);
  expect(cluster.leaders).toHaveLength(1);
  expect(cluster.leaders).not.toContain("n1");
  expect(cluster.node(cluster.leaders[0]!).commitIndex).toBeGreaterThanOrEqual(3);
});

test("under load, too, a removed leader hands over to the one with the longest log (H30)", () => {
  const lone = new Lone("n1", pristine(ofThree));
  lone.becomeLeader(three);
  for (const name of ["n2", "n3"]) lone.acknowledge(name);
  lone.input({ kind: "changeMembership", ticket: 1, change: { remove: [idOf("n1")] } });
  for (const name of ["n2", "n3"]) lone.acknowledge(name, { matchIndex: 2 });
  lone.propose(2, "x");
  expect(lone.node.membership.voters).not.toContain(idOf("n1"));
  for (const name of ["n2", "n3"]) lone.acknowledge(name, { matchIndex: 3, lastLogIndex: 3 });
  expect(lone.node.role).toBe("learner");
  expect(lone.node.lastIndex).toBe(4);
  expect(lone.sent.filter((each) => each.message.type === "timeoutNow")).toHaveLength(1);
});

test("a learner that has not caught up is not promoted (H30)", () => {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  change(cluster, "n1", { upsert: [member("n4")] });
  const silent = change(cluster, "n1", { promote: [idOf("n4")] });
  expect(cluster.answersTo("n1", silent)).toMatchObject([{ kind: "refused", code: "NOT_READY" }]);
  cluster.add("n4", pristine(membershipOf({})));
  cluster.advance(200);
  cluster.crash("n4");
  for (let count = 0; count <= promotionLagMax; count += 1) cluster.server("n1").stepOnly({ kind: "propose", ticket: 1000 + count, data: new Uint8Array(1) }, cluster.now);
  cluster.server("n1").drain(cluster.now);
  cluster.settle();
  const behind = change(cluster, "n1", { promote: [idOf("n4")] });
  expect(cluster.answersTo("n1", behind)).toMatchObject([{ kind: "refused", code: "NOT_READY" }]);
  cluster.restart("n4");
  cluster.advance(200);
  const ready = change(cluster, "n1", { promote: [idOf("n4")] });
  expect(cluster.answersTo("n1", ready)).toMatchObject([{ kind: "membershipChanged" }]);
});

test("a learner with a new disk is replicated to from the beginning (H8)", () => {
  const cluster = withLearners();
  cluster.crash("n4");
  const disk = cluster.server("n4").disk;
  Object.assign(disk, { ...pristine(membershipOf({})), entries: [] });
  change(cluster, "n1", { upsert: [member("n4", { incarnation: 2 })] });
  cluster.restart("n4");
  cluster.advance(200);
  expect(cluster.node("n4").lastApplied).toBe(cluster.node("n1").commitIndex);
  expect(cluster.server("n1").events.some((event) => event.kind === "peerRegressed")).toBe(false);
});

test("a server learns from its log that it votes, and that it does so no more", () => {
  const cluster = withLearners();
  expect(cluster.node("n4").role).toBe("learner");
  change(cluster, "n1", { promote: [idOf("n4")] });
  cluster.advance(25);
  expect(cluster.node("n4").role).toBe("follower");
  change(cluster, "n1", { demote: [idOf("n4")] });
  cluster.advance(25);
  expect(cluster.node("n4").role).toBe("learner");
});

test("a change that changes nothing is done at once and writes nothing: a node may announce itself until it hears of it (H41)", () => {
  const cluster = withLearners();
  const { lastIndex } = cluster.node("n1");
  const { membershipIndex } = cluster.node("n1").status();
  const same = change(cluster, "n1", { upsert: [member("n2"), member("n4")] });
  expect(cluster.answersTo("n1", same)).toEqual([{ kind: "membershipChanged", ticket: same, index: membershipIndex }]);
  expect(cluster.node("n1").lastIndex).toBe(lastIndex);
  const other = change(cluster, "n1", { upsert: [member("n4", { clientAddress: "n4:99" })] });
  expect(cluster.answersTo("n1", other)).toMatchObject([{ kind: "membershipChanged", index: lastIndex + 1 }]);
});

test("every membership is reported when it is appended and when it is committed", () => {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  change(cluster, "n1", { remove: [idOf("n3")] });
  cluster.advance(25);
  for (const name of ["n1", "n2"]) {
    for (const kind of ["membershipAppended", "membershipCommitted"]) {
      expect(cluster.server(name).events.filter((event) => event.kind === kind)).toEqual([{ kind, index: 2 }, { kind, index: 3 }]);
    }
  }
});

test("a membership change asked of a follower is refused with the leader's id", () => {
  const cluster = new Cluster(three);
  cluster.elect("n1");
  const ticket = change(cluster, "n2", { upsert: [member("n4")] });
  expect(cluster.answersTo("n2", ticket)).toMatchObject([{ kind: "refused", code: "NOT_LEADER", leader: idOf("n1") }]);
});
