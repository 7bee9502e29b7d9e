import { expect, test } from "vitest";
import type { AppliedDocument, PlanDocument, SurvivorDocument } from "../../../src/cli/recover/documents.ts";
import { appliedText, applyQuestion, planQuestion, planText } from "../../../src/cli/recover/plan-text.ts";
import { survivorsText } from "../../../src/cli/recover/survivors-text.ts";
import { statusChecks, verificationFinding, verificationText } from "../../../src/cli/recover/verification.ts";
import type { MemberReport, NodeStatus } from "../../../src/wire/admin-protocol.ts";

const node = (name: string, nodeId: string) => ({ nodeId, name, peerAddress: `${name}:7401` });

const plan: PlanDocument = {
  planId: "0123456789abcdef", madeAt: "2026-01-31T12:00:00.000Z", clusterId: "ab".repeat(16), fromIncarnation: "1", clusterIncarnation: "2",
  survivor: { ...node("n2", "2"), directory: "/data/n2", last: { index: "12", term: "7" }, hardState: { currentTerm: "8", votedFor: null, commitIndex: "10" } },
  entry: { index: "13", term: "9" }, membership: { voters: ["2"], votersOutgoing: [], learners: [], learnersNext: [], members: [] }, rejoin: [node("n1", "1")], dead: [node("n3", "3"), node("n4", "4"), node("n5", "5")], deadCouldDecide: true,
  loss: {
    committedUpTo: "10", unproven: { from: "11", to: "12", keys: ["b"] }, unknownFrom: "11",
    entries: [{ from: "11", to: "14", term: "6", heldBy: ["1"], keys: ["a", "evil\nkey"] }],
  },
};

test("a plan says who goes on, who is given up, and what may be lost, on one screen (N3)", () => {
  expect(planText(plan, "r.plan").split("\n")).toEqual([
    `plan 0123456789abcdef: cluster ${"ab".repeat(16)} goes on as incarnation 2`,
    "  survivor    n2: its log ends at index 12 of term 7; it becomes the only voter",
    "  joins anew  n1",
    "  dead        n3, n4, n5",
    "  kept        indexes up to 10 are known to be committed",
    "  unproven    indexes 11 to 12 of the survivor are kept too, whether a client was told so or not: keys b",
    "  unknown     from index 11 on the dead may have committed among themselves what no survivor holds; how much, nobody can know",
    "  at risk     indexes 11 to 14 of term 6, which only n1 holds: keys a, evil\\x0akey",
    "written to r.plan; then, on the machine of n2:",
    "  raftctl recover apply --plan r.plan --data-dir /data/n2",
  ]);
});

test("commands to paste are whole where paths hold blanks, and run nothing where they hold worse", () => {
  const odd = { ...plan, survivor: { ...plan.survivor, directory: "/data/my n2;reboot" } };
  expect(planText(odd, "my plan").split("\n").at(-1)).toBe("  raftctl recover apply --plan 'my plan' --data-dir '/data/my n2;reboot'");
  const applied: AppliedDocument = { applied: true, stage: "planned", planId: "p", directory: "/data/my n2", backup: "/b", clusterIncarnation: "2", survivor: "n2", rejoin: [] };
  expect(appliedText(applied).split("\n").at(-1)).toBe("start it: raftctl daemon start --data-dir '/data/my n2'");
});

test("where nothing can be lost it says so, and where many keys are at risk it does not flood the screen", () => {
  const nothing = { ...plan, rejoin: [], loss: { committedUpTo: "12", unproven: null, unknownFrom: null, entries: [] } };
  expect(planText(nothing, undefined)).toContain("  lost        nothing that a client was told to be done\nnot written: give --out");
  expect(planText(nothing, undefined)).toContain("joins anew  none");
  const keys = Array.from({ length: 30 }, (_, position) => `k${position}`);
  const many = planText({ ...plan, loss: { ...plan.loss, entries: [{ ...plan.loss.entries[0]!, keys }, { ...plan.loss.entries[0]!, keys: [] }] } }, undefined);
  expect(many).toContain("k19 and 10 more\n");
  expect(many).toContain("holds: no keys known");
});

test("what is asked names those who must be gone, and what cannot be undone", () => {
  expect(planQuestion(plan)).toBe("n3, n4, n5 could go on without the survivors: they must be gone for good, or there will be two clusters");
  expect(applyQuestion(plan)).toBe("n2 becomes the only voter of incarnation 2, and every other node is shut out");
});

test("what was applied names the copies and what comes next; a rehearsal and a repetition say that they changed nothing", () => {
  const applied: AppliedDocument = {
    applied: true, stage: "planned", planId: "p", directory: "/data/n2", backup: "/data/n2/recovery-p", clusterIncarnation: "2", survivor: "n2", rejoin: ["n1"],
  };
  expect(appliedText(applied)).toBe(
    "n2 is the only voter now; copies of what was changed are in /data/n2/recovery-p\nstart it: raftctl daemon start --data-dir /data/n2\nthen join again, each with --fresh: n1",
  );
  expect(appliedText({ ...applied, applied: false })).toBe("would make n2 in /data/n2 the only voter");
  expect(appliedText({ ...applied, applied: false, stage: "applied" })).toContain("nothing was changed");
});

test("collected survivors are a table with where each log ends", () => {
  const survivor: SurvivorDocument = {
    directory: "/data/n1", clusterId: "ab", clusterIncarnation: "1", nodeId: "1", name: "n1", incarnation: "1", memberships: [], hardState: { currentTerm: "9", votedFor: null, commitIndex: "10" },
    appliedIndex: "0", snapshot: { index: "4", term: "3" }, lastIndex: "12", terms: [{ firstIndex: "5", term: "7" }], tail: [],
  };
  expect(survivorsText({ survivors: [survivor, { ...survivor, terms: [], lastIndex: "4" }] }, "f")).toMatch(/12 of term 7 +10 +9 +\/data\/n1\s+n1 .* 4 of term 3[^]*\nwritten to f$/);
});

const voter = (id: string, role: "voter" | "learner" = "voter"): MemberReport => ({ id, name: `n${id}`, role }) as MemberReport;

function status(changes: { incarnation?: number; leader?: boolean; commitIndex?: number; members?: readonly MemberReport[] } = {}): NodeStatus {
  const { incarnation = 2, leader = true, commitIndex = 14, members = [voter("2")] } = changes;
  return {
    clusterId: plan.clusterId, clusterIncarnation: incarnation, regions: [{ leader: leader ? { id: "2", name: "n2" } : null, commitIndex, members }],
  } as unknown as NodeStatus;
}

const failing = (of: NodeStatus): string[] => statusChecks(of, plan).filter(({ ok }) => !ok).map(({ name }) => name);

test("a recovery is verified when incarnation, leader, entry and members are as planned, later members included; whatever is missing is named (N3)", () => {
  expect(failing(status())).toEqual([]);
  expect(failing(status({ members: [voter("2"), voter("8"), voter("9", "learner")] }))).toEqual([]);
  expect(failing(status({ incarnation: 1 }))).toEqual(["incarnation"]);
  expect(failing(status({ leader: false }))).toEqual(["leader"]);
  expect(failing(status({ commitIndex: 12 }))).toEqual(["entry"]);
  expect(failing(status({ members: [voter("2"), voter("4")] }))).toEqual(["members"]);
  expect(failing(status({ members: [voter("2"), voter("1", "learner")] }))).toEqual(["members"]);
  expect(failing(status({ members: [voter("2", "learner"), voter("8")] }))).toEqual(["members"]);
  expect(failing({ ...status(), clusterId: "other" })).toEqual(["cluster"]);
});

test("the finding of a verification names what is not as planned, and none means that all is", () => {
  const checks = statusChecks(status({ leader: false }), plan);
  const document = { verified: false, planId: "p", checks };
  expect(verificationFinding({ ...document, verified: true })).toBeUndefined();
  expect(verificationFinding(document)).toMatchObject({ code: "UNHEALTHY", message: "the recovery is not as planned: leader (nobody leads)" });
  expect(verificationText(document)).toContain("BAD  leader       nobody leads\nok   entry");
});
