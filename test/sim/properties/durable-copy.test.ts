// The copy of a durable log stays what it was.

import { expect, test } from "vitest";
import { idOf } from "../../raft/harness/members.ts";
import { DurableCopy } from "./durable-copy.ts";
import { DisksDouble } from "./support/disks-double.ts";

test("a copy answers as the disk did when it was made", () => {
  const disks = new DisksDouble();
  disks.hold("n1", { term: 3, votedFor: "2", snapshotIndex: 4, terms: [2, 3] });
  const copy = new DurableCopy(disks.durableLogOf(idOf("n1"))!);
  disks.hold("n1", {});
  expect([copy.hardState.currentTerm, copy.hardState.votedFor, copy.snapshotIndex, copy.lastIndex]).toEqual([3, "2", 4, 6]);
  expect([4, 5, 6, 7].map((index) => copy.termAt(index))).toEqual([undefined, 2, 3, undefined]);
});
