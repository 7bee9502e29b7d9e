// Answers from outside: real ones are read as they are, and whatever is not an answer is a finding, never a crash, a flood or a forged line.

import { expect, test } from "vitest";
import { consult, electionMs, questionMs } from "../../../src/cli/doctor/consultation.ts";
import { checkFacts, checkFormation } from "../../../src/cli/doctor/facts-check.ts";
import { examineDirectory } from "../../../src/daemon/offline.ts";
import { startCluster } from "../../daemon/support/cluster.ts";
import { answering, factsOf, formingAt, membershipOf, names, raft, refused, withPeer } from "./hand-made.ts";
import { strangeDaemon } from "./strange-daemon.ts";

const facts = withPeer(factsOf("n1", membershipOf(names(3))), "n3", { knock: { ok: false, ...refused }, link: null });
const unreadable = (field: string): Error => expect.objectContaining({ code: "INCOMPATIBLE", message: expect.stringContaining(field) as string }) as Error;

test("what nodes of this version say comes through unchanged, and what a later one adds is left out", async () => {
  await using fixture = await startCluster(2);
  for (const node of fixture.cluster.nodes) {
    const told = await fixture.client(node).admin.call("diagnose", {});
    expect(checkFacts(told)).toEqual(told);
  }
  expect(checkFacts({ ...facts, later: 1, raft: { ...facts.raft, later: 1 } })).toEqual(facts);
  const progress = formingAt("n1", { problem: { code: "CONFLICT", message: "no", hint: null } }).forming!.progress!;
  expect(checkFormation({ ...progress, later: 1 })).toEqual(progress);
});

test("what is missing, of another type, or beyond all measure is refused with the field", () => {
  const wrong: readonly (readonly [string, unknown])[] = [
    ["diagnose is not a record", "hello"], ["diagnose is not a record", null], ["diagnose.source", { ...facts, source: "directory" }], ["diagnose.raft.role", raft(facts, { role: "\u001b[2Jleader" })],
    ["diagnose.raft.term", raft(facts, { term: "7" as never })], ["diagnose.raft.lastIndex", raft(facts, { lastIndex: -1 })], ["diagnose.name", { ...facts, name: "n".repeat(513) }],
    ["diagnose.peers", { ...facts, peers: Array.from({ length: 257 }, () => facts.peers[0]) }], ["diagnose.peers[0].knock.ok", { ...facts, peers: [{ ...facts.peers[0], knock: {} }] }],
    ["diagnose.raft.membership.voters[0]", raft(facts, { membership: { ...facts.raft.membership, voters: ["one"] } })], ["diagnose.electionTimeoutMs", { ...facts, electionTimeoutMs: Number.NaN }],
    ["diagnose.clusterId", { ...facts, clusterId: "x" }], ["diagnose.masterEligible", { ...facts, masterEligible: 1 }],
  ];
  for (const [field, answer] of wrong) expect(() => checkFacts(answer), field).toThrow(unreadable(field));
  for (const answer of [{}, { ...formingAt("n1", {}).forming!.progress, addresses: [{ address: "a", state: "asleep", detail: "" }] }]) expect(() => checkFormation(answer)).toThrow(unreadable("formation."));
});

test("of a message that has no end the beginning is kept", () => {
  const long = checkFacts({ ...facts, warnings: [{ code: "X", message: "m".repeat(100_000) }] });
  expect(long.warnings[0]!.message).toHaveLength(4_096);
});

const round = { dataDirs: [], home: undefined, timeoutMs: 2_000, examineDirectory, env: {} };

test("a member that answers what nobody can read is there, and of a version that does not fit (N1)", async () => {
  const strange = await strangeDaemon(() => ({ ...facts, raft: undefined }));
  const two = membershipOf(["n1", "n2"]);
  const members = two.members.map((member) => (member.name === "n2" ? { ...member, clientAddress: strange } : member));
  const endpoint = await strangeDaemon(() => factsOf("n1", { ...two, members }));
  const { diagnosis, examined } = await consult({ ...round, target: { endpoints: [endpoint], origin: "test" } }, "version-mismatch");
  expect(diagnosis.causes.map(({ nodes }) => nodes)).toEqual([["n2"]]);
  expect(examined.find(({ expected }) => expected?.name === "n2")?.silence).toEqual({ code: "INCOMPATIBLE", message: "its answer cannot be read: diagnose.raft is not a record" });
  await expect(consult({ ...round, target: { endpoints: [strange], origin: "test" } }, undefined)).rejects.toMatchObject({ code: "INCOMPATIBLE", exit: 15, message: expect.stringContaining(strange) });
});

test("however many members are named, and however new they are each time, only so many are asked", { timeout: 60_000 }, async () => {
  let made = 1;
  const [member] = membershipOf(["n1"]).members;
  const endpoint: string = await strangeDaemon((_method, here) => {
    const members = Array.from({ length: 200 }, () => ({ ...member!, id: String(++made), name: `m${made}`, clientAddress: here }));
    return raft(factsOf("n1", membershipOf(["n1"])), { membership: { ...membershipOf(["n1"]), members } });
  });
  const { diagnosis } = await consult({ ...round, target: { endpoints: [endpoint], origin: "test" } }, undefined);
  expect(diagnosis.cause).not.toBeNull();
  expect(made).toBeLessThan(200 * 300);
});

test("a claimed election timeout of years is not waited for, and a question is given the time that an answer needs", () => {
  expect(electionMs([answering({ ...facts, electionTimeoutMs: 1e12 })])).toBe(10_000);
  expect(electionMs([answering({ ...facts, electionTimeoutMs: 1_000 }), answering({ ...facts, electionTimeoutMs: null })])).toBe(1_500);
  expect([questionMs(undefined), questionMs(1), questionMs(60_000)]).toEqual([5_000, 4_000, 60_000]);
});
