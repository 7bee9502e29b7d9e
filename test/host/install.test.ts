// What storage is told when a snapshot replaces the log: the host puts together what of the old log and of the hard state survives.

import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import { Driver, type DriverOwner } from "../../src/host/driver.ts";
import type { RaftStorage } from "../../src/host/raft-storage.ts";
import type { Entry, HardState } from "../../src/raft/entry.ts";
import { RawNode } from "../../src/raft/raft.ts";
import { idOf, membershipOf, optionsOf, withLog } from "../raft/harness/members.ts";
import { VirtualClock } from "./support/virtual-clock.ts";

const membership = membershipOf({ voters: ["n1", "n2", "n3"] });

/** A server whose log holds entries 1 to 5 of term 1, and which voted in term 2. */
async function installed(snapshotTerm: number): Promise<{ kept: number[]; hardState: HardState }> {
  const clock = new VirtualClock();
  const told: { kept: number[]; hardState: HardState }[] = [];
  const storage = {
    install: async (_: unknown, kept: readonly Entry[], hardState: HardState) => void told.push({ kept: kept.map(({ index }) => index), hardState }),
  };
  const log = withLog(membership, [1, 1, 1, 1, 1], 2);
  const raw = new RawNode(optionsOf("n1"), { ...log, hardState: { ...log.hardState, votedFor: idOf("n2") } }, 0);
  const nothing = (): void => undefined;
  const owner = {
    messenger: { send: nothing }, gathered: nothing, answered: nothing, committed: nothing, applied: nothing, installed: nothing, transfer: nothing,
    observed: nothing, swept: nothing, turned: nothing, fatal: (error: Error) => { throw error; },
  };
  const driver = new Driver(raw, storage as unknown as RaftStorage, clock, owner as unknown as DriverOwner);
  driver.enqueue({ kind: "snapshotReceived", from: idOf("n2"), requestId: 1, term: 2, snapshot: { index: 3, term: snapshotTerm, membership } });
  await clock.settle();
  expect(told).toHaveLength(1);
  return told[0]!;
}

test("an install that finds a full disk waits for space and is done then, and the node goes on (H45)", async () => {
  const clock = new VirtualClock();
  let attempts = 0;
  const done: number[] = [];
  const storage = {
    install: async () => {
      attempts += 1;
      if (attempts < 3) throw new RaftctlError("NO_SPACE", "no room");
    },
  };
  const raw = new RawNode(optionsOf("n1"), withLog(membership, [1, 1], 2), 0);
  const nothing = (): void => undefined;
  const owner = {
    messenger: { send: nothing }, gathered: nothing, answered: nothing, committed: nothing, applied: nothing, installed: (index: number) => void done.push(index),
    transfer: nothing, observed: nothing, swept: nothing, turned: nothing, fatal: (error: Error) => { throw error; },
  };
  const driver = new Driver(raw, storage as unknown as RaftStorage, clock, owner as unknown as DriverOwner);
  driver.enqueue({ kind: "snapshotReceived", from: idOf("n2"), requestId: 1, term: 2, snapshot: { index: 7, term: 2, membership } });
  await clock.settle();
  expect([attempts, done]).toEqual([1, []]);
  await clock.advance(1_000);
  expect([attempts, done]).toEqual([3, [7]]);
});

test("an install keeps the entries behind the snapshot that agree with it (Figure 13, rule 6; H33)", async () => {
  expect((await installed(1)).kept).toEqual([4, 5]);
});

test("an install keeps nothing of a log that disagrees with the snapshot (H34)", async () => {
  expect((await installed(2)).kept).toEqual([]);
});

test("an install writes the term and the vote again, because the log that held them goes away (H1)", async () => {
  expect((await installed(1)).hardState).toEqual({ currentTerm: 2, votedFor: idOf("n2"), commitIndex: 3 });
});
