// Claims about what survives the end of the process: everything that a vote or an acknowledgement may depend on (§5.1, Figure 2).

import assert from "node:assert/strict";
import { filled, hardState, membershipEntry, membershipOf, send, snapshotOf, type Log, type StorageSubject } from "./storage-entries.ts";

export const durabilityClaims: Readonly<Record<string, (subject: StorageSubject, log: Log) => Promise<void>>> = {
  "hard state and entries that were persisted survive a restart": async ({ open }, log) => {
    const { storage, restart } = await open();
    const entries = [...log.entries(1, 5), ...log.entries(6, 7, 3)];
    await storage.persist({ sequence: 1, hardState: hardState(3), entries: entries.slice(0, 5) });
    await storage.persist({ sequence: 2, hardState: undefined, entries: entries.slice(5) });
    const after = await (await restart()).initialState();
    assert.deepEqual({ ...after.hardState }, hardState(3));
    assert.deepEqual(after.entries.map(({ index, term, type, data }) => ({ index, term, type, data: [...data] })),
      entries.map(({ index, term, type, data }) => ({ index, term, type, data: [...data] })));
  },

  "entries at indexes that exist replace them and all behind them": async ({ open }, log) => {
    const { storage, restart } = await open();
    await storage.persist({ sequence: 1, hardState: hardState(1), entries: log.entries(1, 9) });
    await storage.persist({ sequence: 2, hardState: hardState(2), entries: log.entries(4, 5, 2) });
    const after = await (await restart()).initialState();
    assert.deepEqual(after.entries.map(({ index, term }) => [index, term]), [[1, 1], [2, 1], [3, 1], [4, 2], [5, 2]]);
  },

  "overlapping calls to persist are all there after a restart": async ({ open }, log) => {
    const { storage, restart } = await open();
    await Promise.all(Array.from({ length: 20 }, async (_, number) => storage.persist({ sequence: number + 1, hardState: hardState(1), entries: [log.entry(number + 1)] })));
    assert.equal((await (await restart()).initialState()).entries.length, 20);
  },

  "what was applied is not applied again after a restart, and nothing is missing": async (subject, log) => {
    const { storage, restart } = await subject.open();
    const entries = log.entries(1, 10);
    await storage.persist({ sequence: 1, hardState: hardState(1, 10), entries });
    await storage.apply(entries.slice(0, 4));
    await storage.apply(entries.slice(4, 6));
    const again = await restart();
    const { lastApplied } = await again.initialState();
    assert.ok(lastApplied >= 0 && lastApplied <= 10, `lastApplied ${lastApplied} lies within the log`);
    if (lastApplied < 10) await again.apply(entries.slice(lastApplied));
    assert.deepEqual(await snapshotOf(again), await snapshotOf(await filled(subject, entries)));
  },

  "the log before a snapshot is no longer needed for a restart": async (subject, log) => {
    const { storage, restart } = await subject.open();
    const entries = [...log.entries(1, 5), membershipEntry(6, 1, 2, 3), ...log.entries(7, 10)];
    await storage.persist({ sequence: 1, hardState: hardState(1, 8), entries });
    await storage.apply(entries.slice(0, 8));
    await storage.createSnapshot();
    await storage.compact(8, 8);
    const again = await restart();
    const { snapshot, entries: kept, lastApplied } = await again.initialState();
    assert.deepEqual([snapshot.index, snapshot.term, lastApplied, kept.map(({ index }) => index)], [8, 1, 8, [9, 10]]);
    assert.deepEqual([snapshot.membership, again.appliedMembership], [membershipOf(1, 2, 3), membershipOf(1, 2, 3)]);
    await again.apply(entries.slice(8));
    assert.deepEqual(await snapshotOf(again), await snapshotOf(await filled(subject, entries)));
  },

  "an installed snapshot survives with the entries behind it": async (subject, log) => {
    const entries = log.entries(1, 30);
    const source = await filled(subject, entries.slice(0, 20));
    await source.createSnapshot();
    const { storage: target, restart } = await subject.open();
    await target.persist({ sequence: 1, hardState: hardState(1), entries: entries.slice(0, 25) });
    const meta = await send(source, target);
    await target.finishReceiving(meta);
    await target.install(meta, entries.slice(20, 25), hardState(4, 20));
    await target.persist({ sequence: 2, hardState: undefined, entries: entries.slice(25) });
    const again = await restart();
    const initial = await again.initialState();
    assert.deepEqual([initial.snapshot.index, initial.lastApplied, { ...initial.hardState }], [20, 20, hardState(4, 20)]);
    assert.deepEqual(initial.entries.map((entry) => entry.index), [21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
    await again.apply(entries.slice(20));
    assert.deepEqual(await snapshotOf(again), await snapshotOf(await filled(subject, entries)));
  },

  "a log that does not agree with an installed snapshot is gone (H34)": async (subject, log) => {
    const source = await filled(subject, log.entries(1, 10, 2));
    await source.createSnapshot();
    const { storage: target, restart } = await subject.open();
    await target.persist({ sequence: 1, hardState: hardState(1), entries: log.entries(1, 20) });
    const meta = await send(source, target);
    await target.finishReceiving(meta);
    await target.install(meta, [], hardState(2, 10));
    const { entries, snapshot } = await (await restart()).initialState();
    assert.deepEqual([snapshot.index, snapshot.term, entries], [10, 2, []]);
  },

  "a vote names who got it": async ({ open }) => {
    const { storage, restart } = await open();
    await storage.persist({ sequence: 1, hardState: { currentTerm: 9, votedFor: "3", commitIndex: 0 }, entries: [] });
    assert.equal((await (await restart()).initialState()).hardState.votedFor, "3");
  },

  "a new term without a vote forgets the old one": async ({ open }) => {
    const { storage, restart } = await open();
    await storage.persist({ sequence: 1, hardState: { currentTerm: 9, votedFor: "3", commitIndex: 0 }, entries: [] });
    await storage.persist({ sequence: 2, hardState: { currentTerm: 10, votedFor: undefined, commitIndex: 0 }, entries: [] });
    assert.deepEqual({ ...(await (await restart()).initialState()).hardState }, { currentTerm: 10, votedFor: undefined, commitIndex: 0 });
  },
};
