// What the daemon's storage keeps together: a batch of the core in one piece, and a snapshot with the membership that it stands for.

import { expect, test } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { entryTypes } from "../../src/raft/entry.ts";
import { encodeMembership } from "../../src/raft/membership-codec.ts";
import type { MemoryDisk } from "../storage/memory-disk.ts";
import { put, puts } from "./storage-conformance.ts";
import { votersOf } from "./support/members.ts";
import { emptyDisk, openRegion } from "./support/region-bench.ts";

test("entries are never durable without the term that they came with, whenever the power goes (H1)", async () => {
  const prng = new Prng(5);
  const disk = await emptyDisk();
  const { storage } = await openRegion(disk);
  const crashes: MemoryDisk[] = [];
  disk.onChange = async () => void crashes.push(disk.crashed(prng), disk.crashed(prng));
  for (let term = 1; term <= 8; term += 1) {
    await storage.persist({ sequence: term, hardState: { currentTerm: term, votedFor: "2", commitIndex: 0 }, entries: [put(term, term)] });
  }
  disk.onChange = undefined;
  expect(crashes.length).toBeGreaterThan(10);
  for (const crash of crashes) {
    const { hardState, entries } = (await openRegion(crash)).storage.initialState();
    expect(hardState.currentTerm).toBe(entries.at(-1)?.term ?? 0);
  }
});

test("a snapshot carries the membership that is in force at its index, also after a restart (H28, S79)", async () => {
  const disk = await emptyDisk();
  const { storage } = await openRegion(disk);
  const membership = votersOf(1, 2);
  const entries = [...puts(1, 2), { index: 3, term: 1, type: entryTypes.membership, data: encodeMembership(membership) }, put(4)];
  await storage.persist({ sequence: 1, hardState: { currentTerm: 1, votedFor: undefined, commitIndex: 4 }, entries });
  storage.apply(entries);
  expect((await storage.createSnapshot()).membership).toEqual(membership);
  expect(storage.currentSnapshot?.membership).toEqual(membership);
  const again = await openRegion(disk.copy());
  expect(again.storage.initialState().snapshot).toEqual({ index: 4, term: 1, membership });
});
