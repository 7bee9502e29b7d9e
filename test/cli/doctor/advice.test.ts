// What the doctor tells people to do: never what makes it worse, never a command that does more than it says, and nothing about nodes that are well.

import { describe, expect, test } from "vitest";
import type { Cause, CauseId } from "../../../src/cli/doctor/cause.ts";
import { diagnose, type Diagnosis } from "../../../src/cli/doctor/diagnosis.ts";
import { drawPicture } from "../../../src/cli/doctor/picture.ts";
import { kindOf, shortReason } from "../../../src/cli/doctor/examined.ts";
import { shellWord } from "../../../src/cli/doctor/shell-word.ts";
import { diagnosisText } from "../../../src/cli/doctor/text.ts";
import {
  answering, broken, changed, cut, damaged, everywhere, factsOf, gone, healthy, leaderless, membershipOf, names, onDisk, raft, refused, silent, stalled, twoClusters, withMembership, withPeer, type Cluster,
} from "./hand-made.ts";

const ask = (cluster: Cluster): Diagnosis => diagnose([...cluster.values()]);
const causeOf = (cluster: Cluster, id: CauseId): Cause => ask(cluster).causes.find((cause) => cause.id === id)!;
const commands = ({ actions }: Cause): (string | null)[] => actions.map(({ command }) => command);
/** The same facts at another place. */
const beside = (cluster: Cluster, facts: Parameters<typeof answering>[0]): Cluster => new Map([...cluster, ["copy", answering(facts)]]);

describe("a directory that was copied", () => {
  const third = healthy().get("n3")!.facts!;

  test("is stopped where it was copied to, never where the cluster finds the node", () => {
    const elsewhere = { ...third, dataDir: "/mnt/copy", addresses: { peer: "10.0.0.9:7401", client: "10.0.0.9:7400" }, process: { ...third.process!, pid: 999 } };
    const first = new Map([["copy", answering(elsewhere)], ...healthy()]);
    for (const cluster of [beside(healthy(), elsewhere), first]) expect(commands(causeOf(cluster, "duplicate-id"))[0]).toBe("raftctl daemon stop --data-dir /mnt/copy");
  });

  test("is found in containers, where every daemon is pid 1 in the same directory", () => {
    const inContainer = everywhere(healthy(), (facts) => ({ ...facts, dataDir: "/data", process: { ...facts.process!, pid: 1 } }));
    const own = inContainer.get("n3")!.facts!;
    expect(ask(beside(inContainer, own)).causes).toEqual([]);
    expect(causeOf(beside(inContainer, { ...own, addresses: { peer: "10.0.0.9:7401", client: "10.0.0.9:7400" } }), "duplicate-id").evidence).toHaveLength(2);
  });

  test("that nobody can tell from the original is not stopped by a command", () => {
    const twin = { ...third, process: { ...third.process!, pid: 999 } };
    expect(causeOf(beside(healthy(), twin), "duplicate-id").actions[0]).toEqual({ text: expect.stringContaining("find out which one of /var/lib/n3 and /var/lib/n3 is the copy"), command: null });
  });

  test("that does not run is not to be started", () => {
    const copy = onDisk(healthy(), "n3").get("n3")!;
    const cluster = new Map([...healthy(), ["copy", { ...copy, facts: { ...copy.facts!, dataDir: "/mnt/copy" } }]]);
    expect(causeOf(cluster, "duplicate-id").actions[0]).toEqual({ text: expect.stringContaining("never start /mnt/copy"), command: null });
  });
});

describe("a lost quorum", () => {
  test("that may only be a cut network is first looked at from the other side (K4)", () => {
    const minority = causeOf(gone(gone(leaderless(healthy()), "n2", silent), "n3", silent), "quorum-lost");
    expect(minority.actions.map(({ text }) => text)).toEqual([expect.stringContaining("bring back any 1"), expect.stringContaining("see whether n2 and n3 run behind a network that is cut"), expect.stringContaining("only if n2, n3 are lost for good")]);
    expect(causeOf(gone(gone(leaderless(healthy()), "n2", refused), "n3", refused), "quorum-lost").actions).toHaveLength(2);
  });

  test("is mended by starting a node that can start, and recovered from members alone", () => {
    const down = gone(gone(leaderless(healthy()), "n2", refused), "n3", refused);
    const mixed = new Map([...down, ["n2", { ...damaged(down, "n2", "damaged").get("n2")! }], ["n4", { ...answering({ ...raft(factsOf("n4", membershipOf(names(4))), { leader: null, lastTerm: 6 }), peers: [] }), expected: undefined }]]);
    const { actions } = causeOf(mixed, "quorum-lost");
    expect(actions[0]?.command).toBe("raftctl daemon start");
    expect(actions.at(-1)).toMatchObject({ text: expect.stringContaining("stop n1 and recover from it"), command: expect.stringContaining("--data-dir /var/lib/n1 --dead n2,n3") });
  });
});

describe("a recovered cluster", () => {
  test("beside which the old one still decides is two clusters, and nobody is told to throw the old one away (N3)", () => {
    const diagnosis = ask(twoClusters());
    expect(diagnosis).toMatchObject({ cause: "split-brain", causes: [{ nodes: ["n1", "n5"] }, { id: "fenced-out" }, ...diagnosis.causes.slice(2)] });
    expect(diagnosis.summary).toContain("there are 2 clusters under one id: n1 and n5 lead at the same time");
    expect(diagnosis.causes.filter(({ id }) => id === "split-brain" || id === "fenced-out").flatMap(commands)).toEqual([null, null]);
  });

  test("that was recovered twice is two clusters as well, of one incarnation", () => {
    const alone = (cluster: Cluster, name: string): Cluster => changed(cluster, name, (facts) => ({ ...raft(facts, { role: "leader", leader: facts.nodeId, lastContactMs: 0, term: 9, membership: membershipOf([name]) }), clusterIncarnation: 2 }));
    expect(ask(alone(alone(healthy(2), "n1"), "n2"))).toMatchObject({ cause: "split-brain", evidence: [expect.stringContaining("n1 leads {n1} in term 9 of cluster incarnation 2"), expect.stringContaining("n2 leads {n2}")] });
  });

  test("a leader that has just been replaced, and does not know it yet, is no second cluster", () => {
    const late = changed(everywhere(healthy(), (facts) => raft(facts, { term: 8, leader: "2", role: facts.name === "n2" ? "leader" : "follower" })), "n1", (facts) => raft(facts, { term: 7, leader: "1", role: "leader" }));
    const unseen = new Map([...late, ["n3", { ...late.get("n3")!, facts: undefined, silence: refused }]]);
    const both = changed(unseen, "n2", (facts) => withPeer(facts, "n3", { lastContactMs: 40 }));
    expect(drawPicture([...both.values()]).leaders).toEqual(["1", "2"]);
    for (const cluster of [late, unseen, both]) expect(ask(cluster).causes.map(({ id }) => id)).not.toContain("split-brain");
  });

  test("of which only a refusal is seen says where to look", () => {
    expect(causeOf(cut(healthy(), "n1", "n3", { code: "CLUSTER_RECOVERED", message: "recovered as incarnation 2" }), "fenced-out").actions).toHaveLength(1);
  });

  test("lets those who were given up join again when they decide nothing", () => {
    const one = changed(everywhere(healthy(), (facts) => ({ ...facts, clusterIncarnation: 2 })), "n3", (facts) => ({ ...raft(facts, { leader: null, role: "candidate" }), clusterIncarnation: 1 }));
    expect(commands(causeOf(one, "fenced-out"))).toEqual(["raftctl join 10.0.0.1:7401 --name n3 --data-dir /var/lib/n3 --fresh"]);
  });
});

describe("what may look alike", () => {
  test("a connection that is broken off reaches nobody; it is not taken for a node that runs", () => {
    expect(ask(gone(healthy(), "n3", broken))).toMatchObject({ cause: "node-unreachable", nodes: [{}, {}, { state: "unreachable" }] });
  });

  test("a process that stands still is not reached, though the connection to it still stands", () => {
    const held = ["n1", "n2"].reduce((cluster, name) => changed(cluster, name, (facts) => withPeer(facts, "n3", { link: { state: "connected", lastError: null, rttMs: 1 } })), gone(healthy(), "n3", stalled));
    expect(ask(held)).toMatchObject({ cause: "process-paused", reachability: expect.arrayContaining([{ from: "n1", to: "n3", reached: false, reason: "accepts connections and answers nothing" }]) });
  });

  test("voters that the leader hears are no lost quorum, whoever else they refuse", () => {
    const heard = ["n2", "n3"].reduce((cluster, name) => changed(gone(cluster, name, refused), "n1", (facts) => withPeer(facts, name, { knock: { ok: false, ...refused }, lastContactMs: 40 })), healthy());
    const both = changed(heard, "n1", (facts) => withPeer(facts, "n2", { lastContactMs: 40 }));
    expect([ask(both).leader, ask(both).causes.map(({ id }) => id)]).toEqual(["n1", ["node-down", "node-down"]]);
  });

  test("an older configuration on a node that is behind is no conflict; two of one index are", () => {
    const other = (membershipIndex: number): Cluster => changed(leaderless(healthy()), "n3", (facts) => raft(facts, { membershipIndex, lastIndex: 900, membership: membershipOf(["n1", "n3"]) }));
    expect(ask(other(3)).causes.map(({ id }) => id)).not.toContain("configurations-differ");
    expect(causeOf(other(5), "configurations-differ")).toMatchObject({ nodes: ["n3"], severity: "degraded" });
  });

  test("a voter on its way out may still win for the others, one that is out may not (diss. §4.2.2)", () => {
    const leaving = (commitIndex: number): Diagnosis => ask(["n2", "n3"].reduce(
      (cluster, name) => changed(cluster, name, (facts) => raft(facts, { lastIndex: 1000, commitIndex: 1000 })),
      changed(leaderless(healthy()), "n1", (facts) => raft(facts, { membership: { ...membershipOf(["n2", "n3"]), members: membershipOf(names(3)).members }, membershipIndex: 1042, commitIndex })),
    ));
    const first = (diagnosis: Diagnosis) => diagnosis.candidates.find(({ name }) => name === "n1")!;
    expect(first(leaving(1041))).toMatchObject({ canWin: true, needs: [{ votes: 2, of: ["n2", "n3"] }] });
    expect(first(leaving(1042))).toMatchObject({ canWin: false, text: "n1 cannot win: its own configuration does not name it as a voter" });
  });

  test("who believes to be a voter by a configuration that does not count is a candidate too, while nobody leads", () => {
    const two = withMembership(leaderless(healthy()), membershipOf(["n1", "n2"]));
    const third = changed(two, "n3", (facts) => raft(facts, { membership: membershipOf(["n3"]), lastIndex: 900, membershipIndex: 3 }));
    expect(ask(third).candidates.map(({ name }) => name)).toEqual(["n1", "n2", "n3"]);
  });

  test("a newcomer that nobody else is known to is not called well", () => {
    const facts = raft(factsOf("n4", membershipOf([])), { leader: null, role: "learner", lastTerm: 0, lastIndex: 0 });
    const alone = answering({ ...facts, process: { ...facts.process!, join: { stage: "asking", error: { code: "UNREACHABLE", message: "no member answers" } } } });
    expect(diagnose([alone])).toMatchObject({ verdict: "degraded", causes: [{ id: "not-admitted", evidence: ["n4 was told: no member answers"] }] });
  });

  test("a vote that only the log of somebody who may not lead stands against is that one's fault (S96)", () => {
    const members = membershipOf(names(3)).members.map((member) => ({ ...member, masterEligible: member.name !== "n3" }));
    const cluster = gone(leaderless(withMembership(healthy(), { ...membershipOf(names(3)), members })), "n1", refused);
    const shorter = changed(cluster, "n2", (facts) => raft(facts, { lastIndex: 1040, commitIndex: 1040 }));
    expect(causeOf(cut(shorter, "n3", "n2"), "no-eligible-candidate")).toMatchObject({ nodes: ["n3"], severity: "outage" });
  });

  test("a damaged directory is gone for the quorum, whatever else listens at its node's address", () => {
    const other = damaged(gone(leaderless(healthy()), "n2", stalled), "n2", "damaged");
    expect(causeOf(gone(other, "n3", refused), "quorum-lost").nodes).toEqual(["n2", "n3"]);
  });

  test("a node that some reach is where it should be; one that nobody reaches, not even itself, is not cut off as well", () => {
    const some = cut(cut(healthy(), "n1", "n3", refused), "n3", "n3", refused);
    expect(ask(some).causes.map(({ id }) => id)).toEqual(["asymmetric-partition"]);
    expect(ask(cut(some, "n2", "n3", refused)).causes.map(({ id }) => id)).toEqual(["wrong-address"]);
  });

  test("what only Raft's own connection is refused for is seen behind a knock that anybody may have answered", () => {
    const told = (from: string, to: string, lastError: string) => ask(changed(healthy(), from, (facts) => withPeer(facts, to, { link: { state: "closed", lastError, rttMs: null } })));
    expect(told("n3", "n1", "node n3 comes with incarnation 1, and is known with 2")).toMatchObject({ cause: "wiped-disk", evidence: ["others refuse the incarnation of n3"] });
    expect(told("n3", "n1", "the cluster was recovered as incarnation 2; node n3 is of incarnation 1").cause).toBe("fenced-out");
    expect(told("n1", "n3", "self-signed certificate in certificate chain").cause).toBe("tls-mismatch");
    expect(told("n1", "n3", "read ECONNRESET").cause).toBeNull();
  });
});

test("the cluster of most nodes is the one that is meant, however often one of the others was looked at", () => {
  const stranger = { ...factsOf("n9", membershipOf(["n9"])), clusterId: "b".repeat(32) };
  const often = Array.from({ length: 4 }, (_, count) => [`x${count}`, { ...answering(stranger), place: `/mnt/${count}` }] as const);
  expect(ask(new Map([...often, ...healthy()]))).toMatchObject({ cause: "different-clusters", causes: [{ nodes: ["n9"] }, ...ask(new Map([...often, ...healthy()])).causes.slice(1)] });
});

test("a command with a directory in it is said to be for the machine where that lies: here the same path may be a node that is well", () => {
  const removed = { ...raft(factsOf("n4", membershipOf(names(4))), { leader: null, lastTerm: 6 }), dataDir: "/var/lib/raftctl" };
  const texts = (place: string): string[] => causeOf(new Map([...healthy(), ["n4", { ...answering(removed), expected: undefined, place }]]), "removed-node").actions.map(({ text }) => text);
  expect(texts("10.0.0.4:7400")).toEqual(["stop n4, on its machine; it cannot disturb the others, and it serves nobody", "let n4 join as a new node, on its machine; what its directory holds is moved aside"]);
  expect(texts("/var/lib/raftctl/admin.sock")).toEqual([expect.stringMatching(/^stop n4; /), expect.stringMatching(/^let n4 join as a new node; /)]);
  expect(causeOf(gone(healthy(), "n3", stalled), "process-paused").actions[1]?.text).toContain("restart it, on its machine");
});

test("a directory that was set up to join and never did is no removed member", () => {
  const empty = onDisk(beside(healthy(), factsOf("n4", membershipOf([]))), "copy").get("copy")!;
  const newcomer = { ...empty, facts: raft(empty.facts!, { lastIndex: 0, lastTerm: 0, commitIndex: 0 }) };
  const { causes } = ask(new Map([...healthy(), ["n4", newcomer]]));
  expect(causes).toMatchObject([{ id: "not-admitted", nodes: ["n4"], evidence: ["n4 does not run, and its log is empty"] }]);
});

test("damage in a directory whose node is not known does not name the path as a member", () => {
  const unknown = damaged(healthy(), "n3", "damaged").get("n3")!;
  const cluster = new Map([...healthy(), ["x", { ...unknown, directory: { ...unknown.directory!, node: undefined } }]]);
  expect(commands(causeOf(cluster, "directory-damaged"))).toEqual(["raftctl member list"]);
  expect(causeOf(damaged(leaderless(healthy()), "n3", "damaged"), "directory-damaged").actions[0]?.text).toBe("as soon as somebody leads, remove n3 from the cluster");
});

test("a leader whose directory was read because it does not run leads no longer", () => {
  const killed = onDisk(healthy(3), "n1");
  expect(ask(new Map([...killed, ["n3", { ...killed.get("n3")!, facts: undefined, silence: silent }]])).leader).toBeNull();
});

describe("texts of others", () => {
  test("are one word of a command, whatever they hold", () => {
    expect(["n1", "/var/lib/n1", "a b", "$(reboot)", "it's", "a;b", "", "[::1]:7401"].map(shellWord)).toEqual(["n1", "/var/lib/n1", "'a b'", "'$(reboot)'", String.raw`'it'\''s'`, "'a;b'", "''", "'[::1]:7401'"]);
    const evil = "h$(reboot);x:1";
    const members = membershipOf(names(3)).members.map((member) => ({ ...member, name: member.name === "n3" ? "n3;reboot" : member.name, peerAddress: evil, clientAddress: member.name === "n3" ? "10.0.0.2:7400" : member.clientAddress }));
    const cluster = everywhere(withMembership(healthy(), { ...membershipOf(names(3)), members }), (facts) => ({ ...facts, name: facts.name === "n3" ? "n3;reboot" : facts.name, dataDir: "/d;reboot", addresses: { peer: `${evil}0`, client: evil } }));
    const ill = [cluster, leaderless(cluster), cut(cluster, "n1", "n3"), changed(cluster, "n3", (facts) => ({ ...raft(facts, { removedAt: 9 }), clusterIncarnation: 0 })), gone(gone(leaderless(cluster), "n2", refused), "n3", refused), damaged(cluster, "n3", "damaged")];
    const all = ill.flatMap((one) => ask(one).actions).flatMap(({ command }) => command ?? []);
    expect(all.length).toBeGreaterThan(10);
    for (const command of all) expect(command.replaceAll(/'[^']*'/g, ""), command).not.toMatch(/[;$]/);
  });

  test("of a name or an address say nothing about what went wrong there", () => {
    const at = (address: string, reason: string) => ({ code: "UNREACHABLE", message: `cannot connect to ${address}: ${reason}` });
    expect(kindOf(at("tls.example.org:7401", "connect ECONNREFUSED 10.0.0.9:7401"))).toBe("refused");
    expect(kindOf(at("certificate-db:7401", "no answer within 500 ms"))).toBe("silent");
    expect(kindOf(at("/run/ssl/admin.sock", "connect ENOENT /run/ssl/admin.sock"))).toBe("refused");
    expect(kindOf(at("n3:7401", "self-signed certificate in certificate chain"))).toBe("tls");
    expect(shortReason(at("EUROPE:7401", "no answer within 500 ms"))).toBe("no answer");
  });

  test("cannot move the cursor from any column of the table, even if nobody had checked them", () => {
    const cluster = changed(changed(gone(healthy(), "n3", stalled), "n2", (facts) => withPeer(raft(facts, { role: "\u001b[2J" }), "n3", { replication: "\u001b[2J" })), "n1", (facts) => ({ ...facts, name: "\u001b]0;x\u0007", dataDir: "\u001b[1A" }));
    expect(diagnosisText(ask(cluster))).not.toMatch(/[\u001b\u0007]/);
  });
});
