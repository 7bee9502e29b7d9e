// The record of a replica's log: it notices every change, and only looks at what has changed.

import { expect, test } from "vitest";
import { LogRecord, LogRecords } from "./log-record.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

function recordOf(replica: ReplicaDouble): LogRecord {
  const record = new LogRecord(replica.snapshotIndex);
  record.update(replica, record.agreement(replica)!);
  return record;
}

test("a log that ends as it did is the same log", () => {
  const replica = new ReplicaDouble("n1", [1, 1, 2]);
  expect(recordOf(replica).agreement(replica)).toBe(undefined);
});

test("compaction changes nothing", () => {
  const replica = new ReplicaDouble("n1", [1, 1, 2]);
  const record = recordOf(replica);
  replica.compact(2);
  expect(record.agreement(replica)).toBe(undefined);
});

test("what is appended, overwritten or removed begins after the agreement", () => {
  const replica = new ReplicaDouble("n1", [1, 1, 2]);
  const record = recordOf(replica);
  replica.write(2);
  expect(record.agreement(replica)).toBe(3);
  record.update(replica, 3);
  replica.truncateFrom(3);
  replica.write(3, 3, 3);
  expect(record.agreement(replica)).toBe(2);
  record.update(replica, 2);
  expect([record.lastIndex, record.termAt(2), record.termAt(3), record.termAt(6)]).toEqual([5, 1, 3, undefined]);
});

test("a change below an entry that looks the same is noticed when the log changes", () => {
  const replica = new ReplicaDouble("n1", [1, 1, 2, 3]);
  const record = recordOf(replica);
  replica.truncateFrom(3);
  replica.write(3, 3, 3);
  expect(record.agreement(replica)).toBe(2);
});

test("a truncation that the replica tells of is a change, also when the same terms come back", () => {
  const replica = new ReplicaDouble("n1", [1, 1, 2]);
  const record = recordOf(replica);
  record.truncated(2);
  expect(record.agreement(replica)).toBe(1);
  record.update(replica, 1);
  expect(record.agreement(replica)).toBe(undefined);
});

test("a snapshot ahead of the log begins a new one", () => {
  const replica = new ReplicaDouble("n1", [1, 1]);
  const record = recordOf(replica);
  replica.install(9, 4);
  replica.write(4);
  expect(record.agreement(replica)).toBe(9);
  record.update(replica, 9);
  expect([record.lastIndex, record.termAt(10), record.agreement(replica)]).toEqual([10, 4, undefined]);
});

test("a snapshot that disagrees with the log replaces it", () => {
  const replica = new ReplicaDouble("n1", [1, 1, 1, 1]);
  const record = recordOf(replica);
  replica.install(3, 2);
  expect(record.agreement(replica)).toBe(3);
  record.update(replica, 3);
  expect([record.lastIndex, record.termAt(3)]).toEqual([3, 2]);
});

test("what was compacted long ago is forgotten, and the rest stays", () => {
  const replica = new ReplicaDouble("n1", Array.from({ length: 9_000 }, () => 1));
  const record = recordOf(replica);
  replica.compact(8_990);
  replica.write(2);
  record.update(replica, record.agreement(replica)!);
  expect([record.termAt(100), record.termAt(8_990), record.termAt(9_001), record.lastIndex]).toEqual([undefined, 1, 2, 9_001]);
});

test("a boot begins with an empty record", () => {
  const records = new LogRecords();
  const replica = new ReplicaDouble("n1", [1, 1]);
  records.of(replica).update(replica, 0);
  expect(records.of(replica).lastIndex).toBe(2);
  replica.reboot();
  expect(records.of(replica).agreement(replica)).toBe(0);
});
