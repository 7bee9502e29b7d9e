// Where the applied log ends: an index is new once, and what was missed comes from a log that still has it.

import { expect, test } from "vitest";
import { LogFrontier } from "./log-frontier.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

test("an index is new until it has passed", () => {
  const frontier = new LogFrontier();
  expect([frontier.isNew(1), frontier.last]).toEqual([true, 0]);
  frontier.passed(1);
  expect([frontier.isNew(1), frontier.isNew(2), frontier.last]).toEqual([false, true, 1]);
});

test("what was missed is taken from the replica's log, unless it is compacted", () => {
  const frontier = new LogFrontier();
  const replica = new ReplicaDouble("n1", [1, 1, 1, 1]);
  frontier.passed(1);
  expect(frontier.missedBefore(replica, 4)?.map((entry) => entry.index)).toEqual([2, 3]);
  expect([frontier.missedBefore(replica, 2), frontier.missedBefore(replica, 1)]).toEqual([[], []]);
  replica.compact(2);
  expect(frontier.missedBefore(replica, 4)).toBe(undefined);
});
