// Whatever nodes say, the doctor answers: on random facts, consistent or not, it never throws, gives the same answer twice, and keeps its own promises.

import { expect, test } from "vitest";
import { Prng } from "../../../src/base/prng.ts";
import { causeIds } from "../../../src/cli/doctor/cause.ts";
import { diagnose, type Diagnosis } from "../../../src/cli/doctor/diagnosis.ts";
import type { Examined } from "../../../src/cli/doctor/examined.ts";
import { diagnosisText } from "../../../src/cli/doctor/text.ts";
import type { MembershipFacts, NodeFacts, PeerFacts } from "../../../src/wire/node-facts.ts";
import { answering, broken, factsOf, formingAt, memberOf, names, onDisk, refused, silent, stalled } from "./hand-made.ts";

const troubles = [refused, silent, stalled, broken, { code: "INCOMPATIBLE", message: "protocol 2" }, { code: "CLUSTER_MISMATCH", message: "another cluster" }, { code: "X", message: "" }] as const;

class Chance {
  readonly #prng: Prng;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
  }

  one<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#prng.next() * choices.length)]!;
  }

  is(probability: number): boolean {
    return this.#prng.next() < probability;
  }

  below(limit: number): number {
    return Math.floor(this.#prng.next() * limit);
  }

  some<T>(choices: readonly T[], probability = 0.7): T[] {
    return choices.filter(() => this.is(probability));
  }
}

function membership(chance: Chance, all: readonly string[]): MembershipFacts {
  const ids = (chosen: readonly string[]): string[] => chosen.map((name) => name.slice(1));
  return {
    voters: ids(chance.some(all)), votersOutgoing: chance.is(0.2) ? ids(chance.some(all)) : [], learners: chance.is(0.2) ? ids(chance.some(all, 0.2)) : [],
    members: chance.some(all, 0.9).map((name) => ({ ...memberOf(name), masterEligible: chance.is(0.9), incarnation: 1 + chance.below(2), peerAddress: chance.is(0.1) ? "10.0.0.1:7401" : memberOf(name).peerAddress })),
  };
}

function peer(chance: Chance, old: PeerFacts): PeerFacts {
  const knock = chance.is(0.6) ? { ...old.knock } : { ok: false as const, ...chance.one(troubles) };
  return {
    ...old, knock, link: chance.one([null, old.link, { state: "closed" as const, lastError: chance.one(troubles).message, rttMs: null }]),
    lastContactMs: chance.one([null, 10, 100_000]), replication: chance.one([null, "replicate", "regressed"]),
  };
}

function facts(chance: Chance, name: string, all: readonly string[]): NodeFacts {
  const base = factsOf(name, membership(chance, all));
  return {
    ...base, clusterId: chance.is(0.9) ? base.clusterId : "b".repeat(32), clusterIncarnation: chance.is(0.95) ? 1 : 2, incarnation: chance.is(0.9) ? 1 : 3, protocol: chance.is(0.95) ? 1 : 2,
    nodeId: chance.is(0.95) ? base.nodeId : "1", electionTimeoutMs: chance.one([null, 0, 400, 1000]), masterEligible: chance.is(0.9), addresses: chance.is(0.9) ? base.addresses : null,
    process: chance.is(0.9) ? { ...base.process!, eventLoopLagP99Ms: chance.below(1000), wallClockJumpMs: chance.below(11_000) - 5_500 } : null,
    disk: { fsyncP99Ms: chance.one([null, 3, 900]), pendingMs: chance.one([null, 5, 9000]), readOnly: chance.is(0.1) },
    raft: {
      ...base.raft, role: chance.one(["leader", "follower", "candidate", "learner", null]), term: chance.below(4), leader: chance.one([null, "1", "2", "9"]), lastContactMs: chance.one([null, 0, 50, 5000]),
      lastTerm: chance.below(4), lastIndex: chance.below(5), commitIndex: chance.below(5), membershipIndex: chance.below(5),
      divergence: chance.is(0.1) ? { index: chance.one([null, 1024]), message: "another state" } : null, lastApplied: chance.one([null, 3]),
    },
    peers: base.peers.map((old) => peer(chance, old)),
  };
}

function place(chance: Chance, name: string, all: readonly string[]): Examined {
  const live = answering(facts(chance, name, all));
  const shape = chance.below(6);
  if (shape === 0) return { ...live, facts: undefined, silence: chance.one(troubles), answered: undefined };
  if (shape === 1) return onDisk(new Map([[name, live]]), name).get(name)!;
  if (shape === 2 && chance.is(0.5)) return { ...live, facts: undefined, expected: undefined, directory: { state: chance.one(["empty", "wiped", "damaged"]), node: chance.one([undefined, { id: name.slice(1), name }]), code: "CORRUPT", message: "damaged" } };
  if (shape === 3 && chance.is(0.2)) return formingAt(name, chance.one([undefined, {}, { problem: { code: "CONFLICT", message: "refused", hint: null } }]));
  return live;
}

function cluster(seed: number): Examined[] {
  const chance = new Chance(seed);
  const all = names(1 + chance.below(6));
  return all.filter(() => chance.is(0.9)).map((name) => place(chance, name, all));
}

function check(diagnosis: Diagnosis): void {
  const { causes, cause, verdict, candidates, leader, evidence } = diagnosis;
  expect(verdict === "healthy").toBe(causes.length === 0);
  if (diagnosis.nodes.some(({ state }) => state === "answers")) expect(verdict === "healthy" && leader === null, "well without a leader").toBe(false);
  expect(cause).toBe(causes[0]?.id ?? null);
  expect(evidence).toEqual(causes[0]?.evidence ?? []);
  expect(verdict === "damaged").toBe(causes.some(({ damage }) => damage));
  for (const one of causes) {
    expect(causeIds).toContain(one.id);
    expect(one.evidence.length + one.actions.length).toBeGreaterThan(0);
    expect(`${one.summary} ${one.evidence.join(" ")} ${one.actions.map(({ text }) => text).join(" ")}`).not.toMatch(/undefined|null|NaN|\[object/);
  }
  for (const { canWin, text, clauses } of candidates) {
    expect(canWin && clauses.length > 0 ? "wins although" : text).toMatch(/can win|cannot win: .|leads|wins although/);
  }
  // An outage of the election is only claimed where nobody leads.
  if (leader !== null) expect(causes.filter(({ severity, id }) => severity === "outage" && id !== "disk-full").map(({ id }) => id)).toEqual([]);
}

test("on two thousand random clusters it answers, and its answer holds together", () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 2_000; seed += 1) {
    const examined = cluster(seed);
    const diagnosis = diagnose(examined);
    check(diagnosis);
    expect(diagnosisText(diagnosis).length).toBeGreaterThan(5);
    expect(diagnose(structuredClone(examined)), `seed ${seed}`).toEqual(diagnosis);
    for (const { id } of diagnosis.causes) seen.add(id);
  }
  // The chance is wide enough to meet nearly everything; what needs a story of its own stands in the other file.
  expect(causeIds.filter((id) => !seen.has(id))).toEqual(["split-brain", "tls-mismatch"]);
});

test("on nothing at all it answers too", () => {
  expect(diagnose([])).toMatchObject({ leader: null, candidates: [] });
});

test("as many nodes as there may be, all of them wrong about all the others, are judged within seconds", { timeout: 30_000 }, () => {
  const many = names(256);
  const everybody = { voters: many.map((name) => name.slice(1)), votersOutgoing: [], learners: [], members: many.map(memberOf) };
  const lonely = (name: string): NodeFacts => {
    const base = factsOf(name, everybody);
    return { ...base, raft: { ...base.raft, role: "candidate", leader: null, lastContactMs: null }, peers: base.peers.map((one) => ({ ...one, link: null, lastContactMs: null, knock: { ok: false, ...broken } })) };
  };
  const diagnosis = diagnose(many.map((name) => answering(lonely(name))));
  expect(diagnosis.cause).toBe("partition");
  expect(diagnosis.causes[0]?.nodes).toHaveLength(256);
  const lines = diagnosisText(diagnosis).split("\n");
  expect(lines.length).toBeLessThan(256 + 100);
  expect(lines).toContain(`  and ${diagnosis.evidence.length - 24} more: --json tells all`);
});
