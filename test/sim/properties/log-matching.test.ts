// The checker of Log Matching: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import { crc32 } from "../../../src/base/crc.ts";
import { command } from "../../raft/harness/members.ts";
import { LogMatching } from "./log-matching.ts";
import { truncated } from "./support/events.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

test("two entries of one index and term with different content are a violation (§5.3)", () => {
  const property = new LogMatching(crc32);
  property.stepped(new ReplicaDouble("n1", [1, 1]));
  const other = new ReplicaDouble("n2", [1]);
  other.entries.push(command(2, 1, "something else"));
  expect(() => property.stepped(other)).toThrow("n2 holds another entry at index 2 of term 1");
});

test("logs that agree at an index and differ below it are a violation (§5.3)", () => {
  const property = new LogMatching(crc32);
  property.stepped(new ReplicaDouble("n1", [1, 1, 3]));
  expect(() => property.stepped(new ReplicaDouble("n2", [1, 2, 3]))).toThrow("index 3 of term 3 after an entry of term 2, where term 1 was seen");
});

test("an entry of another type is another entry (§5.3)", () => {
  const property = new LogMatching(crc32);
  property.stepped(new ReplicaDouble("n1", [1]));
  const other = new ReplicaDouble("n2");
  other.entries.push({ ...command(1, 1, "1/1"), type: 2 });
  expect(() => property.stepped(other)).toThrow("Log Matching");
});

test("an entry that is changed in place is found while the log goes on", () => {
  const property = new LogMatching(crc32);
  const replica = new ReplicaDouble("n1", [1, 1, 1]);
  property.stepped(replica);
  replica.entries[1] = command(2, 1, "changed");
  const goOn = (): void => {
    for (let round = 0; round < 3; round += 1) {
      replica.write(1);
      property.stepped(replica);
    }
  };
  expect(goOn).toThrow("n1 holds another entry at index 2");
});

test("a changed entry is found when it comes back after a truncation with the same terms", () => {
  const property = new LogMatching(crc32);
  const replica = new ReplicaDouble("n1", [1, 1, 1]);
  property.stepped(replica);
  replica.entries[2] = command(3, 1, "changed");
  property.observed(replica, truncated(3));
  expect(() => property.stepped(replica)).toThrow("n1 holds another entry at index 3");
});

test("a recovered log is compared anew (H13, H34)", () => {
  const property = new LogMatching(crc32);
  const replica = new ReplicaDouble("n1", [1, 1, 1]);
  property.stepped(replica);
  replica.reboot();
  replica.entries[0] = command(1, 1, "changed");
  expect(() => property.stepped(replica)).toThrow("n1 holds another entry at index 1");
});

test("logs that differ at their ends are legal: the same index may stand in many terms (Figure 7)", () => {
  const property = new LogMatching(crc32);
  const figure7 = [[1, 1, 1, 4, 4, 5, 5, 6, 6, 6], [1, 1, 1, 4, 4, 5, 5, 6, 6], [1, 1, 1, 4], [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7], [1, 1, 1, 4, 4, 4, 4], [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]];
  figure7.forEach((terms, position) => property.stepped(new ReplicaDouble(`n${position + 1}`, terms)));
});

test("a follower that is overwritten, compacted and sent a snapshot is legal (§5.3, §7)", () => {
  const property = new LogMatching(crc32);
  const leader = new ReplicaDouble("n1", [1, 2, 2, 3, 3]);
  property.stepped(leader);
  const follower = new ReplicaDouble("n2", [1, 1, 1]);
  property.stepped(follower);
  follower.truncateFrom(2);
  follower.write(2, 2);
  property.observed(follower, truncated(2));
  property.stepped(follower);
  follower.compact(2);
  follower.write(3);
  property.stepped(follower);
  follower.install(4, 3);
  follower.write(3);
  property.stepped(follower);
});

test("the first entry after a snapshot of unknown term says nothing of its predecessor", () => {
  const property = new LogMatching(crc32);
  const behind = new ReplicaDouble("n2");
  behind.install(2, 2);
  behind.write(3);
  property.stepped(behind);
  property.stepped(new ReplicaDouble("n1", [1, 2, 3]));
  expect(() => property.stepped(new ReplicaDouble("n3", [1, 1, 3]))).toThrow("Log Matching");
});
