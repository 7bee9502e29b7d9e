// Reads under the leader's lease (diss. §6.4.1): what voters pledge and how they keep it, from when the leader counts, and what ends a lease (H24).

import { describe, expect, test } from "vitest";
import type { AppendEntriesResponse, Message, Pledge } from "../../src/raft/message.ts";
import type { RaftOptions } from "../../src/raft/options.ts";
import { RawNode } from "../../src/raft/raft.ts";
import { Cluster } from "./harness/cluster.ts";
import { Lone } from "./harness/lone.ts";
import { idOf, membershipOf, optionsOf, pristine, withLog } from "./harness/members.ts";

const three = ["n1", "n2", "n3"];
const ofThree = membershipOf({ voters: three });
/** With an election timeout of 100 ms a pledge is worth 90 ms to the leader. */
const leaseReads = { driftMax: 0.1 };

/** A leader with a committed no-op, which nobody has pledged anything to. */
function leading(options: Partial<RaftOptions> = { leaseReads }, members = ofThree): Lone {
  const lone = new Lone("n1", pristine(members), options);
  lone.becomeLeader(members.members.map(({ name }) => name));
  for (const { name } of members.members) if (name !== "n1") lone.acknowledge(name);
  expect(lone.node.termCommitted).toBe(true);
  lone.sent = [];
  return lone;
}

/** Answers the latest request to this follower with a pledge. */
function pledge(lone: Lone, from: string, changes: Partial<Pledge & Pick<AppendEntriesResponse, "success" | "requestId">> = {}): void {
  const request = lone.lastAppend(from);
  const { durationMs = 100, clockMs = lone.now, success = true, requestId = request.requestId } = changes;
  const matchIndex = success ? request.prevLogIndex + request.entries.length : 0;
  lone.receive(from, {
    type: "appendEntriesResponse", requestId, term: request.term, success, matchIndex, conflictIndex: success ? 0 : 1, conflictTerm: 0, lastLogIndex: lone.node.lastIndex,
    round: request.round, pledge: { durationMs, clockMs },
  });
}

function heartbeats(lone: Lone, at: number): void {
  lone.now = at;
  lone.tick();
}

function holdsLease({ node }: Lone, at: number): boolean {
  return node.leaseIndex(at) !== undefined;
}

describe("the leader", () => {
  test("counts a pledge from when it sent the request, not from when the answer came, and gives the drift away (H24)", () => {
    const lone = leading();
    heartbeats(lone, 20);
    lone.now = 70;
    pledge(lone, "n2");
    expect(lone.node.leaseIndex(70)).toBe(lone.node.commitIndex);
    expect([holdsLease(lone, 109.9), holdsLease(lone, 110)]).toEqual([true, false]);
  });

  test("counts each pledge for as long as its voter has pledged, so that a shorter election timeout shortens the lease (H24)", () => {
    const lone = leading({ leaseReads, electionTimeout: 300, heartbeatInterval: 20 });
    heartbeats(lone, 20);
    pledge(lone, "n2", { durationMs: 50 });
    expect([holdsLease(lone, 64.9), holdsLease(lone, 65)]).toEqual([true, false]);
    pledge(lone, "n3", { durationMs: 200 });
    expect([holdsLease(lone, 199.9), holdsLease(lone, 200)]).toEqual([true, false]);
    // And no longer than its own: then it would step down anyway.
    const modest = leading();
    heartbeats(modest, 20);
    pledge(modest, "n2", { durationMs: 1_000 });
    expect([holdsLease(modest, 109.9), holdsLease(modest, 110)]).toEqual([true, false]);
  });

  test("counts nobody who has not pledged, whose answer is a refusal, or who answers a request that was never sent or is answered already (H24)", () => {
    const lone = leading();
    heartbeats(lone, 20);
    lone.acknowledge("n2");
    expect(holdsLease(lone, 20)).toBe(false);
    heartbeats(lone, 40);
    lone.refuse("n2", { conflictIndex: 1, lastLogIndex: 1 });
    pledge(lone, "n2", { requestId: 9_999 });
    expect(holdsLease(lone, 40)).toBe(false);
    heartbeats(lone, 60);
    pledge(lone, "n2");
    const repeated = lone.lastAppend("n2").requestId;
    heartbeats(lone, 140);
    pledge(lone, "n2", { requestId: repeated });
    expect(holdsLease(lone, 150)).toBe(false);
  });

  test("does not count learners, and needs both majorities of a joint membership (H24, H27, S39)", () => {
    const lone = leading({ leaseReads }, membershipOf({ voters: three, learners: ["n4", "n5"] }));
    heartbeats(lone, 20);
    for (const learner of ["n4", "n5"]) pledge(lone, learner);
    expect(holdsLease(lone, 20)).toBe(false);
    pledge(lone, "n2");
    expect(holdsLease(lone, 20)).toBe(true);
    lone.input({ kind: "changeMembership", ticket: 1, change: { promote: [idOf("n4"), idOf("n5")], remove: [idOf("n2"), idOf("n3")] } });
    expect(lone.node.membership.votersOutgoing).toHaveLength(3);
    // n1 and n2 are a majority of the old voters, n1, n4 and n5 are all of the new ones.
    expect(holdsLease(lone, 20)).toBe(true);
    heartbeats(lone, 60);
    pledge(lone, "n4");
    expect(holdsLease(lone, 115)).toBe(false);
    pledge(lone, "n2");
    expect(holdsLease(lone, 115)).toBe(true);
  });

  test("that is leaving the voters has no lease: the one that stays may elect itself at once (H24, H26)", () => {
    const lone = leading({ leaseReads }, membershipOf({ voters: ["n1", "n2"] }));
    heartbeats(lone, 20);
    pledge(lone, "n2");
    lone.input({ kind: "changeMembership", ticket: 1, change: { remove: [idOf("n1")] } });
    expect(holdsLease(lone, 20)).toBe(true);
    lone.acknowledge("n2");
    expect(lone.node.membership.voters).toEqual([idOf("n2")]);
    expect([lone.node.role, holdsLease(lone, 20)]).toEqual(["leader", false]);
  });

  test("has none before the first commit of its term, none once it has stepped down, and none when it is off (H24, S110)", () => {
    const young = new Lone("n1", pristine(ofThree), { leaseReads });
    young.becomeLeader(three);
    pledge(young, "n2", { success: false });
    expect(holdsLease(young, 0)).toBe(false);
    const deposed = leading();
    heartbeats(deposed, 20);
    pledge(deposed, "n2");
    expect(holdsLease(deposed, 20)).toBe(true);
    deposed.appendEntries("n3", { term: 2 });
    expect(holdsLease(deposed, 20)).toBe(false);
    const off = leading({});
    heartbeats(off, 20);
    pledge(off, "n2");
    expect([holdsLease(off, 20), off.node.hasLeaseReads]).toEqual([false, false]);
  });

  test("that is the only voter always has it", () => {
    const alone = new Lone("n1", pristine(membershipOf({ voters: ["n1"] })), { leaseReads });
    alone.input({ kind: "campaign" });
    expect([holdsLease(alone, 0), holdsLease(alone, 1e9)]).toEqual([true, true]);
  });

  test("gives its lease away with TimeoutNow, for the rest of its term: the target may get it at any time (H24, H31)", () => {
    const lone = leading();
    lone.propose(1, "a");
    lone.input({ kind: "transferLeadership", ticket: 2, target: idOf("n2") });
    heartbeats(lone, 20);
    pledge(lone, "n3");
    // The target is not there yet, and nothing was sent.
    expect(holdsLease(lone, 20)).toBe(true);
    lone.acknowledgeNext("n2");
    expect(lone.sent.map(({ message }) => message.type)).toContain("timeoutNow");
    expect(holdsLease(lone, 20)).toBe(false);
    heartbeats(lone, 101);
    for (const name of ["n2", "n3"]) pledge(lone, name);
    expect(lone.answers().map(({ kind }) => kind)).toContain("refused");
    expect([lone.node.role, holdsLease(lone, 102)]).toEqual(["leader", false]);
  });
});

describe("a voter that has pledged", () => {
  function pledged(options: Partial<RaftOptions> = { leaseReads }): Lone {
    const lone = new Lone("n2", withLog(ofThree, [1]), options);
    lone.now = 50;
    const [answer] = lone.appendEntries("n1", { term: 1, prevLogIndex: 1, prevLogTerm: 1 });
    expect((answer as AppendEntriesResponse).pledge).toEqual(options.leaseReads === undefined ? undefined : { durationMs: 100, clockMs: 50 });
    return lone;
  }
  const granted = ([answer]: Message[]): boolean => (answer as { readonly voteGranted?: boolean } | undefined)?.voteGranted === true;
  const asker = { lastLogIndex: 9, lastLogTerm: 1 };

  test("keeps it when it learns of a newer term, in which it knows no leader (H24)", () => {
    for (const [options, votes] of [[{ leaseReads }, false], [{}, true]] as const) {
      const lone = pledged(options);
      // An answer to what it asked long ago.
      lone.receive("n3", { type: "preVoteResponse", requestId: 1, term: 5, voteGranted: false });
      expect([lone.node.currentTerm, lone.node.leader]).toEqual([5, undefined]);
      lone.now = 149;
      expect(granted(lone.preVote("n3", { term: 6, ...asker }))).toBe(votes);
      expect(granted(lone.requestVote("n3", { term: 6, ...asker }))).toBe(votes);
      lone.now = 150;
      expect(granted(lone.requestVote("n3", { term: 7, ...asker }))).toBe(true);
    }
  });

  test("does not campaign when it is told to, unless the leader says so (H24, H31)", () => {
    const lone = pledged();
    lone.input({ kind: "campaign" });
    expect(lone.node.role).toBe("follower");
    lone.receive("n1", { type: "timeoutNow", requestId: 7, term: 1, leaderId: idOf("n1") });
    expect(lone.node.role).toBe("candidate");
  });

  test("votes for whom the leader has asked to campaign (H31)", () => {
    expect(granted(pledged().requestVote("n3", { term: 2, leadershipTransfer: true, ...asker }))).toBe(true);
    expect(granted(pledged().requestVote("n3", { term: 2, ...asker }))).toBe(false);
  });

  test("keeps after a restart what an earlier run may have pledged, also when it pledges less by now (H24)", () => {
    const restarted = (electionTimeout: number) => {
      const lone = new Lone("n2", withLog(ofThree, [1]), { pledgedMs: 200, electionTimeout });
      lone.now = 199;
      return lone;
    };
    expect(granted(restarted(100).preVote("n3", { term: 2, ...asker }))).toBe(false);
    expect(granted(restarted(100).requestVote("n3", { term: 2, ...asker }))).toBe(false);
    const campaigning = restarted(100);
    campaigning.now = 0;
    while (campaigning.node.role === "follower") campaigning.tickAtDeadline();
    expect(campaigning.now).toBeGreaterThanOrEqual(200);
    const patient = restarted(100);
    patient.now = 200;
    expect(granted(patient.requestVote("n3", { term: 2, ...asker }))).toBe(true);
  });

  test("and is the only one leads at once after a restart", () => {
    const alone = new Lone("n1", withLog(membershipOf({ voters: ["n1"] }), [1]), { leaseReads, pledgedMs: 10_000 });
    alone.input({ kind: "campaign" });
    expect(alone.node.role).toBe("leader");
  });
});

describe("clocks", () => {
  /** A heartbeat every 20 ms, answered after `roundTrip`, by a clock that runs at `rate`. */
  function run(lone: Lone, { from, until, rate, roundTrip }: { from: number; until: number; rate: number; roundTrip: number }): void {
    for (let at = from; at < until; at += 20) {
      heartbeats(lone, at);
      lone.now = at + roundTrip;
      for (const name of ["n2", "n3"]) pledge(lone, name, { clockMs: 1_000 + (at + roundTrip / 2) * rate });
    }
  }
  const tooFast = (lone: Lone): number => lone.server.events.filter(({ kind }) => kind === "peerClockTooFast").length;

  test("that run faster than the bound allows are noticed, and their pledges do not count until they have kept within it for a while (H24)", () => {
    const lone = leading();
    run(lone, { from: 20, until: 2_000, rate: 1.05, roundTrip: 10 });
    expect([holdsLease(lone, lone.now), tooFast(lone)]).toEqual([true, 0]);
    run(lone, { from: 2_000, until: 4_000, rate: 1.5, roundTrip: 10 });
    expect([holdsLease(lone, lone.now), tooFast(lone)]).toEqual([false, 2]);
    run(lone, { from: 4_000, until: 13_000, rate: 1, roundTrip: 10 });
    expect(holdsLease(lone, lone.now)).toBe(false);
    run(lone, { from: 13_000, until: 40_000, rate: 1, roundTrip: 10 });
    expect([holdsLease(lone, lone.now), tooFast(lone)]).toEqual([true, 2]);
  });

  test("that keep within it are never suspected, however long messages take, nor is a process that starts again (H24)", () => {
    const lone = leading();
    for (const [part, roundTrip] of [1, 19, 3, 15].entries()) run(lone, { from: 20 + part * 4_000, until: 20 + (part + 1) * 4_000, rate: 1.1, roundTrip });
    pledge(lone, "n2", { clockMs: 3 });
    heartbeats(lone, lone.now + 20);
    pledge(lone, "n2", { clockMs: 23 });
    expect([tooFast(lone), holdsLease(lone, lone.now)]).toEqual([0, true]);
  });

  test("a bound that is no share of a time is refused", () => {
    for (const driftMax of [-0.1, 1, Number.NaN]) {
      expect(() => new RawNode(optionsOf("n1", { leaseReads: { driftMax } }), pristine(ofThree), 0)).toThrow(/driftMax is/);
    }
    for (const pledgedMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => new RawNode(optionsOf("n1", { pledgedMs }), pristine(ofThree), 0)).toThrow(/pledgedMs is/);
  });
});

describe("a cluster", () => {
  test("whose leader is cut off elects another one only when the lease is over, and it commits nothing before (H24, S118)", () => {
    const cluster = new Cluster(three, { options: () => ({ leaseReads }) });
    cluster.elect("n1");
    cluster.advance(200);
    const held = (): boolean => cluster.node("n1").leaseIndex(cluster.now) !== undefined;
    expect(held()).toBe(true);
    cluster.isolate("n1");
    cluster.advanceUntil(() => !held());
    expect(cluster.leaders).toEqual(["n1"]);
    cluster.advanceUntil(() => cluster.leaders.includes("n2") || cluster.leaders.includes("n3"));
    expect(held()).toBe(false);
  });

  test("whose leader hands over at once reads under the lease of its successor (H24, H31)", () => {
    const cluster = new Cluster(three, { options: () => ({ leaseReads }) });
    cluster.elect("n1");
    cluster.advance(100);
    cluster.ask("n1", (ticket) => ({ kind: "transferLeadership", ticket, target: idOf("n2") }));
    expect(cluster.leaders).toEqual(["n2"]);
    expect(cluster.node("n1").leaseIndex(cluster.now)).toBeUndefined();
    cluster.propose("n2", "b");
    expect(cluster.node("n2").leaseIndex(cluster.now)).toBe(cluster.node("n2").commitIndex);
  });
});
