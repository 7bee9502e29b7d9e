// Each illness, written down as facts, and what the doctor says first. Faults come alone, beside a leader that works, and in pairs.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { causeIds, type CauseId } from "../../../src/cli/doctor/cause.ts";
import { diagnose, type Diagnosis } from "../../../src/cli/doctor/diagnosis.ts";
import { diagnosisText } from "../../../src/cli/doctor/text.ts";
import {
  answering, answersAs, changed, cut, damaged, everywhere, factsOf, formingAt, gone, halted, healthy, leaderless, memberOf, membershipOf, names, onDisk, raft, refused, silent, stalled, twoClusters,
  withMembership, withPeer, type Cluster,
} from "./hand-made.ts";

const ask = (cluster: Cluster): Diagnosis => diagnose([...cluster.values()]);
const idsOf = (diagnosis: Diagnosis): CauseId[] => diagnosis.causes.map(({ id }) => id);
const of = (name: string, diagnosis: Diagnosis) => diagnosis.candidates.find((candidate) => candidate.name === name)!;

const shorter = (cluster: Cluster, name: string, lastIndex = 1040): Cluster => changed(cluster, name, (facts) => raft(facts, { lastIndex, commitIndex: lastIndex }));
const readOnly = (cluster: Cluster, name: string): Cluster => changed(cluster, name, (facts) => ({ ...facts, disk: { ...facts.disk, readOnly: true } }));
const slowDisk = (cluster: Cluster, name: string): Cluster => changed(cluster, name, (facts) => ({ ...facts, disk: { ...facts.disk, fsyncP99Ms: 800 } }));
const allStopped = (count = 3): Cluster => names(count).reduce((cluster, name) => onDisk(cluster, name), healthy(count));
const ineligible = (cluster: Cluster, name: string): Cluster =>
  everywhere(cluster, (facts) => raft(facts, { membership: { ...facts.raft.membership, members: facts.raft.membership.members.map((member) => (member.name === name ? { ...member, masterEligible: false } : member)) } }));
const lower = (cluster: Cluster): Cluster => everywhere(cluster, (facts) => raft(facts, { membership: { ...facts.raft.membership, members: facts.raft.membership.members.map((member) => (member.name === "n3" ? { ...member, incarnation: 2 } : member)) } }));
const withNode = (cluster: Cluster, name: string, facts: ReturnType<typeof factsOf>): Cluster => new Map([...cluster, [name, { ...answering(facts), expected: undefined }]]);

describe("a cluster that is well", () => {
  test.each([1, 2, 3, 5, 7])("of %i voters has no cause, and says who leads (N1)", (count) => {
    const diagnosis = ask(healthy(count));
    expect(diagnosis).toMatchObject({ verdict: "healthy", cause: null, causes: [], evidence: [], actions: [], leader: "n1" });
    expect(of("n1", diagnosis).text).toBe("n1 leads");
    expect(diagnosis.reachability.every(({ reached }) => reached)).toBe(true);
    expect(diagnosis.reachability).toHaveLength(count * (count - 1));
  });

  test("with a learner, a joint membership that a leader is about to leave, and an old error on a connection that stands again has none", () => {
    const membership = { ...membershipOf(names(4)), voters: ["1", "2", "3"], votersOutgoing: ["1", "2"], learners: ["4"] };
    const joint = withMembership(healthy(4), membership);
    const reconnected = changed(joint, "n2", (facts) => withPeer(facts, "n3", { link: { state: "connected", lastError: "read ECONNRESET", rttMs: 1 } }));
    expect(idsOf(ask(reconnected))).toEqual([]);
  });

  test("is not called ill for a knock that came back too late while Raft's own connection stands", () => {
    expect(idsOf(ask(changed(healthy(), "n2", (facts) => withPeer(facts, "n3", { knock: { ok: false, ...stalled } }))))).toEqual([]);
  });
});

/** Each cause as the only fault. */
const faults: Readonly<Record<CauseId, () => Cluster>> = {
  "directory-damaged": () => damaged(gone(healthy(), "n3", refused), "n3", "damaged"),
  "wiped-disk": () => damaged(gone(healthy(), "n3", refused), "n3", "wiped"),
  "state-diverged": () => halted(healthy(), "n3"),
  "split-brain": twoClusters,
  "different-clusters": () => changed(healthy(), "n3", (facts) => ({ ...facts, clusterId: "b".repeat(32) })),
  "fenced-out": () => changed(everywhere(healthy(), (facts) => ({ ...facts, clusterIncarnation: 2 })), "n3", (facts) => ({ ...facts, clusterIncarnation: 1 })),
  "tls-mismatch": () => ["n1", "n2"].reduce((cluster, name) => cut(cut(cluster, name, "n3", badKey), "n3", name, badKey), healthy()),
  "version-mismatch": () => changed(healthy(), "n3", (facts) => ({ ...facts, protocol: 2 })),
  "duplicate-id": () => new Map([...healthy(), ["copy", { ...onDisk(healthy(), "n3").get("n3")!, facts: { ...onDisk(healthy(), "n3").get("n3")!.facts!, dataDir: "/mnt/copy" } }]]),
  "duplicate-address": () => withMembership(healthy(), { ...membershipOf(names(3)), members: names(3).map((name) => (name === "n3" ? { ...memberOf(name), clientAddress: "10.0.0.2:7400" } : memberOf(name))) }),
  "wrong-address": () => changed(changed(healthy(), "n1", (facts) => withPeer(facts, "n3", { knock: answersAs("n2") })), "n2", (facts) => withPeer(facts, "n3", { knock: answersAs("n2") })),
  "process-paused": () => gone(healthy(), "n3", stalled),
  "asymmetric-partition": () => cut(cut(healthy(), "n1", "n3"), "n2", "n3"),
  partition: () => ["n1", "n2"].reduce((cluster, name) => cut(cut(cluster, name, "n3"), "n3", name), healthy()),
  "no-eligible-candidate": () => ineligible(gone(leaderless(shorter(healthy(), "n2")), "n1", refused), "n3"),
  "quorum-lost": () => gone(gone(leaderless(healthy()), "n2", refused), "n3", refused),
  "node-unreachable": () => gone(healthy(), "n3", silent),
  "node-down": () => gone(healthy(), "n3", refused),
  "configurations-differ": () => gone(gone(leaderless(withMembership(healthy(5), { ...membershipOf(names(5)), voters: ["1", "4", "5"], votersOutgoing: ["1", "2", "3"] })), "n4", refused), "n5", refused),
  "nodes-stopped": () => allStopped(),
  "disk-full": () => readOnly(healthy(), "n1"),
  "disk-slow": () => slowDisk(healthy(), "n1"),
  "event-loop-late": () => changed(healthy(), "n2", (facts) => ({ ...facts, process: { ...facts.process!, eventLoopLagP99Ms: 900 } })),
  "removed-node": () => withNode(healthy(), "n4", raft(factsOf("n4", membershipOf(names(4))), { leader: null, role: "follower", lastTerm: 6, membershipIndex: 3 })),
  forming: () => new Map([["n1", formingAt("n1", {})]]),
  "not-admitted": () => {
    const facts = raft(factsOf("n4", membershipOf([])), { leader: null, role: "learner", lastTerm: 0, lastIndex: 0 });
    return withNode(healthy(), "n4", { ...facts, process: { ...facts.process!, join: { stage: "asking", error: null } } });
  },
  "clock-wrong": () => changed(healthy(), "n3", (facts) => ({ ...facts, process: { ...facts.process!, wallClockMs: facts.process!.wallClockMs - 3_600_000 } })),
  "election-blocked": () => leaderless(changed(changed(healthy(2), "n1", (facts) => raft(facts, { membership: membershipOf(names(3)) })), "n2", (facts) => raft(facts, { membership: membershipOf(["n1"]) }))),
  "election-under-way": () => leaderless(healthy()),
};

const badKey = { code: "UNREACHABLE", message: "cannot connect to 10.0.0.3:7401: self-signed certificate in certificate chain" };

describe("each fault alone", () => {
  test.each(causeIds.filter((id) => id !== "election-blocked"))("%s is the first cause (N1)", (id) => {
    const diagnosis = ask(faults[id]());
    expect(diagnosis.cause).toBe(id);
    expect(diagnosis.verdict).not.toBe("healthy");
    expect(diagnosis.evidence.length).toBeGreaterThan(0);
    expect(diagnosis.actions.length).toBeGreaterThan(0);
  });

  test.each(causeIds)("%s: its text fits on a screen, begins with the verdict and ends with something to do", (id) => {
    const text = diagnosisText(ask(faults[id]()));
    expect(text.split("\n").length).toBeLessThan(40);
    expect(text).toMatch(/^(?:degraded|unavailable|damaged): /);
    expect(text).toContain("1. ");
  });
});

describe("why nobody can win", () => {
  test("is told as the rule that stands in the way, for each candidate (N1)", () => {
    const diagnosis = ask(faults["no-eligible-candidate"]());
    expect(of("n2", diagnosis).text).toBe("n2 cannot win: needs 2 of {n1,n2,n3}; n1 is unreachable from n2 (ECONNREFUSED) and n3 has a longer log (7,1042) > (7,1040)");
    expect(of("n3", diagnosis).text).toBe("n3 cannot win: masterEligible: false");
    expect(of("n1", diagnosis).text).toBe("n1 cannot win: it is not running");
    expect(of("n2", diagnosis)).toMatchObject({ canWin: false, needs: [{ votes: 2, of: ["n1", "n2", "n3"] }], clauses: [{ voter: "n1", obstacle: "down" }, { voter: "n3", obstacle: "longer-log" }] });
    expect(diagnosis.actions[0]).toMatchObject({ text: expect.stringContaining("n1") });
  });

  test("names both majorities of a joint membership (§6)", () => {
    const diagnosis = ask(faults["configurations-differ"]());
    expect(of("n1", diagnosis).text).toContain("needs 2 of {n1,n4,n5} and 2 of {n1,n2,n3}; n4 is unreachable from n1 (ECONNREFUSED) and n5");
    expect(diagnosis.evidence[0]).toContain("{n1,n2,n3} -> {n1,n4,n5}");
  });

  test("an equal log gets the vote, a longer one of an older term does not count as longer (§5.4.1, H2)", () => {
    const old = changed(leaderless(healthy()), "n3", (facts) => raft(facts, { lastTerm: 6, lastIndex: 9000 }));
    expect(of("n1", ask(old)).clauses).toEqual([]);
    expect(of("n3", ask(old)).clauses.map(({ obstacle }) => obstacle)).toEqual(["longer-log", "longer-log"]);
  });

  test("a voter that still hears a leader refuses until that is an election timeout ago (H4)", () => {
    const hears = (lastContactMs: number) => ask(changed(leaderless(healthy()), "n3", (facts) => raft(facts, { leader: "2", lastContactMs })));
    expect(of("n1", hears(400)).clauses).toMatchObject([{ voter: "n3", obstacle: "hears-leader" }]);
    expect(of("n1", hears(1400)).clauses).toEqual([]);
  });

  test("only the way from the candidate to the voter counts", () => {
    const diagnosis = ask(cut(leaderless(healthy()), "n1", "n3", silent));
    expect(of("n1", diagnosis).clauses).toMatchObject([{ voter: "n3", obstacle: "unreachable" }]);
    expect(of("n3", diagnosis).clauses).toEqual([]);
  });

  test("an older incarnation than the voter knows gets no vote (H12)", () => {
    expect(of("n3", ask(leaderless(lower(healthy())))).clauses.map(({ voter, obstacle }) => `${voter} ${obstacle}`)).toEqual(["n1 incarnation", "n2 incarnation"]);
    expect(of("n1", ask(leaderless(lower(healthy())))).clauses).toEqual([]);
  });

  test("while a leader works, that it is heard is no obstacle to its successors", () => {
    expect(of("n2", ask(healthy()))).toMatchObject({ canWin: true, clauses: [] });
  });

  test("a node outside of its own configuration says nothing about who the voters are, however long its log is", () => {
    const outside = withNode(leaderless(healthy()), "n4", raft(factsOf("n4", membershipOf(["n9"])), { leader: null, lastIndex: 9000 }));
    expect(ask(outside).candidates.map(({ name }) => name)).toEqual(["n1", "n2", "n3"]);
  });

  test("a vote that nobody can know of is not held against a candidate", () => {
    const silentToUs = new Map([...leaderless(healthy()), ["n3", { ...healthy().get("n3")!, facts: undefined, silence: refused }]]);
    expect(of("n1", ask(silentToUs)).canWin).toBe(true);
    expect(idsOf(ask(silentToUs))).not.toContain("quorum-lost");
  });
});

describe("the loss of a quorum", () => {
  test("says how many are enough, which command starts them, and points to recovery last (K4)", () => {
    const { summary, actions, verdict } = ask(faults["quorum-lost"]());
    expect(verdict).toBe("unavailable");
    expect(summary).toBe("the quorum is lost: it needs 2 of {n1,n2,n3}, and n2 and n3 are gone");
    expect(actions[0]?.text).toContain("any 1 of n2 and n3");
    expect(actions.findIndex(({ command }) => command?.startsWith("raftctl recover"))).toBeGreaterThan(0);
  });

  test("is not said twice: the nodes that are down are part of it", () => {
    expect(idsOf(ask(faults["quorum-lost"]()))).toEqual(["quorum-lost"]);
  });

  test("is not claimed while a paused process or a cut wire would be enough to mend", () => {
    const paused = gone(gone(leaderless(healthy()), "n2", stalled), "n3", refused);
    expect(idsOf(ask(paused))).toEqual(["process-paused", "node-down"]);
    expect(ask(paused).causes.every(({ severity }) => severity === "outage")).toBe(true);
    const island = ["n2", "n3"].reduce((cluster, name) => cut(cut(cluster, "n1", name), name, "n1"), cut(cut(leaderless(healthy()), "n2", "n3"), "n3", "n2"));
    expect(ask(island)).toMatchObject({ verdict: "unavailable", cause: "partition" });
  });

  test("of two or of four takes one more than half", () => {
    expect(ask(gone(leaderless(healthy(2)), "n2", refused))).toMatchObject({ cause: "quorum-lost", summary: "the quorum is lost: it needs 2 of {n1,n2}, and n2 is gone" });
    expect(ask(gone(gone(leaderless(healthy(4)), "n3", refused), "n4", refused)).cause).toBe("quorum-lost");
    expect(idsOf(ask(gone(leaderless(healthy(4)), "n4", refused)))).not.toContain("quorum-lost");
  });

  test("in a cluster of five takes three, and one machine that is silent counts like one that refuses", () => {
    const two = gone(gone(leaderless(healthy(5)), "n4", refused), "n5", silent);
    expect(idsOf(ask(two))).not.toContain("quorum-lost");
    const three = gone(two, "n3", silent);
    expect(ask(three)).toMatchObject({ cause: "quorum-lost", causes: [{ nodes: ["n3", "n4", "n5"] }] });
  });
});

describe("beside a leader that works", () => {
  test.each(["node-down", "node-unreachable", "process-paused", "asymmetric-partition", "partition", "wiped-disk", "state-diverged", "removed-node", "clock-wrong"] as const)("%s costs safety margin and no service", (id) => {
    const { causes, leader } = ask(faults[id]());
    expect(leader).toBe("n1");
    expect(causes[0]?.severity).toBe("degraded");
  });

  test("a leader that answers only its followers is still the leader, and is what is wrong", () => {
    const deaf = new Map([...healthy(), ["n1", { ...healthy().get("n1")!, facts: undefined, silence: refused }]]);
    expect(ask(deaf)).toMatchObject({ leader: "n1", verdict: "healthy" });
  });

  test("while joint a leader needs both majorities behind it (§6)", () => {
    const joint = withMembership(healthy(5), { ...membershipOf(names(5)), voters: ["1", "4", "5"], votersOutgoing: ["1", "2", "3"] });
    expect(ask(joint).leader).toBe("n1");
    expect(ask(gone(gone(joint, "n4", refused), "n5", refused)).leader).toBeNull();
  });

  test("a leader whom nobody has heard for two election timeouts is none", () => {
    const old = everywhere(healthy(), (facts) => ({ ...raft(facts, { lastContactMs: facts.name === "n1" ? 0 : 2001 }), peers: facts.peers.map((peer) => ({ ...peer, lastContactMs: 2001 })) }));
    expect(ask(old).leader).toBeNull();
  });

  test("a full disk on a follower costs that follower, on the leader or on a majority every write", () => {
    expect(ask(readOnly(healthy(), "n3"))).toMatchObject({ verdict: "degraded", cause: "disk-full" });
    expect(ask(readOnly(healthy(), "n1"))).toMatchObject({ verdict: "unavailable", cause: "disk-full" });
    expect(ask(readOnly(readOnly(healthy(), "n2"), "n3"))).toMatchObject({ verdict: "unavailable", cause: "disk-full" });
  });

  test("a damaged directory ends with 13 however well the others are", () => {
    expect(ask(faults["directory-damaged"]()).verdict).toBe("damaged");
    expect(ask(faults["wiped-disk"]()).verdict).toBe("damaged");
  });
});

describe("the same fault in other clothes", () => {
  const clothes: readonly (readonly [string, CauseId, () => Cluster])[] = [
    ["a lower incarnation than the cluster knows", "wiped-disk", () => lower(healthy())],
    ["a voter whose log is empty", "wiped-disk", () => changed(healthy(), "n3", (facts) => raft(facts, { lastIndex: 0, lastTerm: 0, commitIndex: 0, membership: membershipOf([]) }))],
    ["a follower that acknowledged more than it holds", "wiped-disk", () => changed(healthy(), "n1", (facts) => withPeer(facts, "n3", { replication: "regressed" }))],
    ["an empty directory", "wiped-disk", () => new Map([...gone(healthy(), "n3", refused), ["x", { ...damaged(healthy(), "n3", "wiped").get("n3")!, directory: { state: "empty" as const, node: undefined, code: "NOT_INITIALIZED", message: "/mnt/n3 holds no node" } }]])],
    ["another cluster behind a member's address", "different-clusters", () => changed(healthy(), "n1", (facts) => withPeer(facts, "n3", { knock: { ...(answersAs("n3") as object), clusterId: "b".repeat(32) } as ReturnType<typeof answersAs> }))],
    ["a protocol that is refused", "version-mismatch", () => cut(healthy(), "n1", "n3", { code: "INCOMPATIBLE", message: "welcome: protocol 2 (this version speaks 1)" })],
    ["a node that says that it is elsewhere", "wrong-address", () => changed(healthy(), "n3", (facts) => ({ ...facts, addresses: { ...facts.addresses!, peer: "10.9.9.9:7401" } }))],
    ["a node that cannot reach itself where the others look for it", "wrong-address", () => cut(cut(cut(healthy(), "n1", "n3", refused), "n2", "n3", refused), "n3", "n3", refused)],
    ["another member at the client address", "wrong-address", () => new Map([...healthy(), ["x", { ...healthy().get("n2")!, place: "10.0.0.3:7400", expected: { id: "3", name: "n3" } }]])],
    ["one process id and another for one node", "duplicate-id", () => new Map([...healthy(), ["copy", answering({ ...healthy().get("n3")!.facts!, process: { ...healthy().get("n3")!.facts!.process!, pid: 999 } })]])],
    ["a wall clock that was set while the daemon ran", "clock-wrong", () => changed(healthy(), "n2", (facts) => ({ ...facts, process: { ...facts.process!, wallClockJumpMs: -90_000 } }))],
    ["a write that the disk does not finish", "disk-slow", () => changed(healthy(), "n2", (facts) => ({ ...facts, disk: { ...facts.disk, pendingMs: 5000 } }))],
    ["a node that was told so and that nobody else answers for", "removed-node", () => new Map([["n1", healthy().get("n1")!], ["n2", healthy().get("n2")!], ["n3", answering(raft(healthy().get("n3")!.facts!, { removedAt: 1041 }))]])],
    ["a refusal because of a recovery", "fenced-out", () => cut(healthy(), "n1", "n3", { code: "CLUSTER_RECOVERED", message: "the cluster lost its quorum and was recovered as incarnation 2" })],
    ["two peer addresses that are the same", "duplicate-address", () => withMembership(healthy(), { ...membershipOf(names(3)), members: names(3).map((name) => ({ ...memberOf(name), peerAddress: "10.0.0.1:7401" })) })],
  ];

  test("another node at an address is not the one that is looked for", () => {
    expect(ask(faults["wrong-address"]()).reachability.find(({ from, to }) => from === "n1" && to === "n3")).toEqual({ from: "n1", to: "n3", reached: false, reason: "PEER_IDENTITY_MISMATCH" });
  });

  test("a running node and its own directory are one node", () => {
    expect(idsOf(ask(new Map([...healthy(), ["own directory", onDisk(healthy(), "n3").get("n3")!]])))).toEqual([]);
  });

  test.each(clothes)("%s is %s", (_clothes, id, cluster) => { expect(ask(cluster()).cause).toBe(id); });
});

describe("two faults at once", () => {
  const pairs: readonly (readonly [string, () => Cluster, CauseId, CauseId])[] = [
    ["a quorum that is lost, and a slow disk", () => slowDisk(faults["quorum-lost"](), "n1"), "quorum-lost", "disk-slow"],
    ["a quorum that is lost, and a wrong clock", () => changed(faults["quorum-lost"](), "n1", (facts) => ({ ...facts, process: { ...facts.process!, wallClockJumpMs: 60_000 } })), "quorum-lost", "clock-wrong"],
    ["a quorum that is lost, and a removed node that runs", () => gone(gone(leaderless(withNode(healthy(), "n4", raft(factsOf("n4", membershipOf(names(4))), { lastTerm: 6, lastIndex: 900, membershipIndex: 3 }))), "n2", refused), "n3", refused), "quorum-lost", "removed-node"],
    ["a paused process, and a node that is down", () => gone(gone(leaderless(healthy()), "n2", refused), "n3", stalled), "process-paused", "node-down"],
    ["a full disk on the leader, and a node that is down", () => readOnly(faults["node-down"](), "n1"), "disk-full", "node-down"],
    ["a damaged directory, and a node that is down, of five", () => gone(damaged(gone(healthy(5), "n4", refused), "n4", "damaged"), "n5", refused), "directory-damaged", "node-down"],
    ["a damaged directory without which there is no quorum, and a node that is down", () => gone(damaged(gone(leaderless(healthy()), "n2", refused), "n2", "damaged"), "n3", refused), "directory-damaged", "quorum-lost"],
    ["a slow disk that nobody can lead with, and a wrong clock", () => changed(slowDisk(leaderless(healthy()), "n1"), "n2", (facts) => ({ ...facts, process: { ...facts.process!, wallClockJumpMs: 60_000 } })), "disk-slow", "clock-wrong"],
    ["a node at a wrong address, and one that is down", () => gone(changed(healthy(5), "n1", (facts) => withPeer(facts, "n3", { knock: answersAs("n2") })), "n5", refused), "wrong-address", "node-down"],
  ];

  test.each(pairs)("%s: the deeper one comes first, and both are named", (_faults, cluster, first, second) => {
    const diagnosis = ask(cluster());
    expect(diagnosis.cause).toBe(first);
    expect(idsOf(diagnosis)).toContain(second);
  });
});

describe("directories alone", () => {
  test("tell who would win once the nodes run, and that they are stopped (N1)", () => {
    const diagnosis = ask(shorter(allStopped(), "n2"));
    expect(diagnosis).toMatchObject({ verdict: "unavailable", cause: "nodes-stopped" });
    expect(diagnosis.evidence).toEqual(["once they run, n1 and n3 can win"]);
    expect(diagnosis.actions).toHaveLength(3);
    expect(diagnosis.actions[0]?.command).toBe("raftctl daemon start --data-dir /var/lib/n1");
  });

  test("say what they cannot know: a directory that was not given holds a vote or not", () => {
    const one = new Map([["n1", allStopped().get("n1")!]]);
    expect(ask(one)).toMatchObject({ cause: "nodes-stopped", evidence: ["the directories of n2 and n3 were not given: what they hold is not known", "with only these nodes started, none of them can win"] });
    expect(of("n1", ask(one)).text).toBe("n1 cannot win: needs 2 of {n1,n2,n3}; n2: its directory was not given and n3: its directory was not given");
  });

  test("show damage, another cluster and an old incarnation before the fact that nothing runs", () => {
    expect(ask(damaged(allStopped(), "n3", "damaged"))).toMatchObject({ verdict: "damaged", cause: "directory-damaged" });
    expect(idsOf(ask(changed(allStopped(), "n3", (facts) => ({ ...facts, clusterId: "b".repeat(32) }))))).toContain("different-clusters");
    expect(idsOf(ask(changed(allStopped(), "n3", (facts) => ({ ...facts, clusterIncarnation: 2 }))))).toContain("fenced-out");
  });
});

describe("asking for one cause", () => {
  test("leaves out every other, and nothing found is healthy", () => {
    const cluster = [...slowDisk(faults["quorum-lost"](), "n1").values()];
    expect(diagnose(cluster, "disk-slow")).toMatchObject({ cause: "disk-slow", verdict: "degraded" });
    expect(diagnose(cluster, "duplicate-id")).toMatchObject({ cause: null, verdict: "healthy", summary: "duplicate-id was not found" });
  });
});

test("docs/doctor.md explains every cause there is and no other, in the order in which they are named", () => {
  const text = readFileSync(resolve(import.meta.dirname, "../../../docs/doctor.md"), "utf8");
  const rows = text.split("\n").filter((line) => /^\| `[a-z-]+` \|/.test(line)).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  expect(rows.map(([id]) => id!.replaceAll("`", ""))).toEqual([...causeIds]);
  for (const [id, ...cells] of rows) for (const cell of cells) expect(cell.length, id).toBeGreaterThan(10);
});

test("nothing from a node can move the cursor or forge a line of the text", () => {
  const text = diagnosisText(ask(changed(faults["node-down"](), "n2", (facts) => ({ ...facts, name: "n2\u001b[2J\nhealthy" }))));
  expect(text).not.toContain("\u001b[2J");
});
