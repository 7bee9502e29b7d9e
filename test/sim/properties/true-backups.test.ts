import { expect, test } from "vitest";
import type { BackupView } from "./property.ts";
import { ReplicaDouble } from "./support/replica-double.ts";
import { TrueBackups } from "./true-backups.ts";

function scene(): { property: TrueBackups; backup: BackupView } {
  const property = new TrueBackups();
  const replica = new ReplicaDouble("n1", [1, 1, 1]);
  property.applied(replica, replica.entries);
  return { property, backup: { node: "n1", index: 3, term: 1, digest: replica.digest, announced: replica.digest, atLeast: 3 } };
}

test("a backup of what a replica was at its index, with all that was acknowledged, is a true one", () => {
  const { property, backup } = scene();
  property.backedUp(backup);
  property.backedUp({ ...backup, atLeast: 0 });
});

test("a backup with another state, of an index at which nobody was, or that announces something else is told", () => {
  const { property, backup } = scene();
  expect(() => property.backedUp({ ...backup, digest: "other", announced: "other" })).toThrow("holds the digest other for index 3");
  expect(() => property.backedUp({ ...backup, index: 2 })).toThrow("is of index 2, at which nobody was");
  expect(() => property.backedUp({ ...backup, announced: "other" })).toThrow("announces the digest other");
});

test("a confirmed backup that lacks what was acknowledged before it was asked for is told (diss. §6.4)", () => {
  const { property, backup } = scene();
  expect(() => property.backedUp({ ...backup, atLeast: 4 })).toThrow("ends at index 3, and index 4 was acknowledged before");
});
