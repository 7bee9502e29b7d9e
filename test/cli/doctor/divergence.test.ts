// A node that has halted because its state differs: how much that costs, and what is done about it. A directory is given up only where somebody knows
// that it is the wrong one.

import { expect, test } from "vitest";
import type { Cause } from "../../../src/cli/doctor/cause.ts";
import { diagnose, type Diagnosis } from "../../../src/cli/doctor/diagnosis.ts";
import { changed, differs, gone, halted, healthy, leaderless, onDisk, raft, refused, type Cluster } from "./hand-made.ts";

const ask = (cluster: Cluster): Diagnosis => diagnose([...cluster.values()]);
const causeOf = (cluster: Cluster): Cause => ask(cluster).causes.find(({ id }) => id === "state-diverged")!;
const clausesOf = (name: string, { candidates }: Diagnosis): string[] => candidates.find((candidate) => candidate.name === name)!.clauses.map(({ voter, obstacle }) => `${voter} ${obstacle}`);

test("beside a leader it costs safety margin, says where the states part, and is rebuilt from the others (S42, N1)", () => {
  const diagnosis = ask(halted(healthy(), "n3"));
  expect(diagnosis).toMatchObject({ verdict: "damaged", cause: "state-diverged", leader: "n1", causes: [{ severity: "degraded", nodes: ["n3"], damage: true }] });
  expect(diagnosis.summary).toBe("the state of n3 is not that of the others, and it has halted: the others go on without it");
  expect(diagnosis.evidence).toEqual([`n3 differs at index 1024 and has applied up to 1042: ${differs.message}`]);
  expect(diagnosis.actions.map(({ command }) => command)).toEqual([
    "raftctl daemon stop --data-dir /var/lib/n3", "raftctl member remove n3", "raftctl join 10.0.0.1:7401 --name n3 --data-dir /var/lib/n3 --fresh",
  ]);
  expect(diagnosis.nodes[2]).toMatchObject({ name: "n3", state: "answers", role: "halted" });
});

test("it neither campaigns nor votes, and who still names it as the leader does not make it one (H38)", () => {
  const without = halted(leaderless(healthy()), "n3");
  expect([clausesOf("n1", ask(without)), clausesOf("n3", ask(without))]).toEqual([["n3 state-diverged"], ["n3 state-diverged"]]);
  expect(ask(without).candidates[2]?.text).toBe("n3 cannot win: it has halted, because its state differs");
  expect(ask(without).causes.map(({ id, severity }) => `${id} ${severity}`)).toEqual(["election-under-way outage", "state-diverged degraded"]);
  const stillNamed = ask(halted(healthy(), "n1"));
  expect([stillNamed.leader, clausesOf("n2", stillNamed)]).toEqual([null, ["n1 state-diverged"]]);
  expect(stillNamed.causes.map(({ id }) => id)).toEqual(["election-under-way", "state-diverged"]);
});

test("of two nobody can tell who is right: nothing decides, and no directory is thrown away (S42)", () => {
  const { severity, summary, actions } = causeOf(halted(leaderless(healthy(2)), "n2"));
  expect([severity, summary]).toEqual(["outage", "the state of n2 is not that of the others, and it has halted: the rest cannot decide without it"]);
  expect(actions).toEqual([{ text: expect.stringContaining("keep every directory, decide whose state is right"), command: "raftctl recover plan --data-dir /var/lib/n1 --dead n2 --out recovery.plan" }]);
});

test("where others are missing they are brought back first: a majority says who is right", () => {
  const cluster = gone(halted(leaderless(healthy()), "n2"), "n3", refused);
  const { severity, actions } = causeOf(cluster);
  expect(severity).toBe("outage");
  expect(actions[0]).toEqual({ text: "bring back n3: a majority whose states are alike says who is right", command: "raftctl daemon start" });
  expect(actions.flatMap(({ command }) => command ?? []).join()).not.toMatch(/join|member remove/);
  expect(ask(cluster).causes.map((one) => `${one.id} ${one.severity}`)).toEqual(["state-diverged outage", "node-down outage"]);
});

test("all of them that have halted are named in one finding, each with its own evidence", () => {
  const two = changed(halted(halted(healthy(5), "n2"), "n4"), "n4", (facts) => raft(facts, { divergence: { index: null, message: "another state" }, lastApplied: 7 }));
  expect(causeOf(two).summary).toBe("the state of n2 and n4 is not that of the others, and they have halted: the others go on without them");
  expect(causeOf(two)).toMatchObject({ nodes: ["n2", "n4"], severity: "degraded", evidence: [expect.stringContaining("n2 differs at index 1024"), "n4 has applied up to 7: another state"] });
  expect(causeOf(two).actions).toHaveLength(6);
});

test("a directory tells nothing of it, and the stopped node is no finding", () => {
  expect(ask(onDisk(healthy(), "n3")).causes.map(({ id }) => id)).not.toContain("state-diverged");
});
