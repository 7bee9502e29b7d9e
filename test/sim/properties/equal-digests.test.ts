// The checker that equal logs give equal states: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import { command } from "../../raft/harness/members.ts";
import { EqualDigests } from "./equal-digests.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

function withDigest(name: string, digest: string): ReplicaDouble {
  const replica = new ReplicaDouble(name, [1, 1, 1]);
  replica.digest = digest;
  return replica;
}

const entries = [command(1, 1, "a"), command(2, 1, "b")];

test("two replicas with different digests at one index are a violation (H38)", () => {
  const property = new EqualDigests();
  property.applied(withDigest("n1", "aa"), entries);
  expect(() => property.applied(withDigest("n2", "bb"), entries)).toThrow("n2 (boot 1) has the digest bb after index 2, and n1 (boot 1) had aa");
});

test("a state that comes from a snapshot, or from the disk, is compared as well (H35, H36)", () => {
  const property = new EqualDigests();
  property.applied(withDigest("n1", "aa"), entries);
  expect(() => property.installed(withDigest("n2", "bb"), 2)).toThrow("Equal Digests");
  const rebooted = withDigest("n1", "bb");
  rebooted.apply(2);
  rebooted.reboot();
  expect(() => property.booted(rebooted)).toThrow("n1 (boot 2) has the digest bb");
});

test("replicas that differ at the end are found without another entry (H38)", () => {
  const property = new EqualDigests();
  const [one, other] = [withDigest("n1", "aa"), withDigest("n2", "bb")];
  for (const replica of [one, other]) replica.apply(3);
  expect(() => property.ended({ replicas: [one, other], convergedMs: 1, pendingOperations: 0, outcasts: [] })).toThrow("Equal Digests");
});

test("different digests at different indexes are legal: batches end where they end", () => {
  const property = new EqualDigests();
  property.applied(withDigest("n1", "aa"), entries);
  property.applied(withDigest("n2", "bb"), entries.slice(0, 1));
  property.applied(withDigest("n2", "aa"), entries.slice(1));
  property.applied(withDigest("n2", "cc"), []);
});
