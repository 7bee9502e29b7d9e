// The checker that the cluster comes to rest: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import { membershipOf } from "../../raft/harness/members.ts";
import { Liveness } from "./liveness.ts";
import type { EndView } from "./property.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

const property = new Liveness({ electionTimeout: 100, electionTimeoutsMax: 10 });

function cluster(): ReplicaDouble[] {
  const replicas = ["n1", "n2", "n3"].map((name) => new ReplicaDouble(name, [1, 2]));
  for (const replica of replicas) {
    replica.apply(2);
    replica.currentTerm = 2;
  }
  replicas[0]!.lead(2);
  return replicas;
}

function end(changes: Partial<EndView>): void {
  property.ended({ replicas: cluster(), convergedMs: 1_000, pendingOperations: 0, outcasts: [], ...changes });
}

test("no leader, no rest and too late a rest are violations (H5)", () => {
  const [, ...followers] = cluster();
  expect(() => end({ replicas: followers })).toThrow("nobody leads: n2 (follower of term 2");
  expect(() => end({ replicas: [] })).toThrow("nobody leads");
  expect(() => end({ convergedMs: undefined })).toThrow("the cluster did not come to rest (at most 10)");
  expect(() => end({ convergedMs: 1_001 })).toThrow("came to rest after 10.0 election timeouts (at most 10)");
});

test("a voter that is behind in what it has committed, or in what it has applied, is a violation", () => {
  for (const field of ["commitIndex", "lastApplied"] as const) {
    const replicas = cluster();
    replicas[2]![field] = 1;
    expect(() => end({ replicas })).toThrow("n3 (follower of term 2");
  }
});

test("an operation that was never answered is a violation (H20)", () => {
  expect(() => end({ pendingOperations: 1 })).toThrow("1 operations of clients were never answered");
});

test("a cluster at rest is legal, also with a removed node that is behind and a deposed leader that has not noticed", () => {
  const deposed = new ReplicaDouble("n9", [1]);
  deposed.lead(1);
  deposed.membership = membershipOf({ voters: ["n9"] });
  end({ replicas: [deposed, ...cluster(), new ReplicaDouble("n8")] });
  end({ convergedMs: 0 });
});

test("a member that takes itself for removed is a violation", () => {
  expect(() => end({ outcasts: ["n3"] })).toThrow("n3 belongs to the membership and takes itself for removed");
});
