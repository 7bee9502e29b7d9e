// What every storage of a region must do (S31), whatever it is made of, and what one must do besides whose node may come back as the voter that it was. The
// door `raftctl/conformance/storage`.

import assert from "node:assert/strict";
import { entryTypes } from "../raft/entry.ts";
import { rejectsWith, type ConformanceCase } from "./conformance-case.ts";
import { durabilityClaims } from "./storage-durability.ts";
import { filled, hardState, Log, membershipEntry, membershipOf, send, snapshotOf, type StorageSubject } from "./storage-entries.ts";

export type { ConformanceCase } from "./conformance-case.ts";
export type { StorageSubject, StorageUnderTest } from "./storage-entries.ts";

type Claims = Readonly<Record<string, (subject: StorageSubject, log: Log) => Promise<void>>>;

const claims: Claims = {
  "a fresh one is empty": async ({ open }) => {
    const { storage } = await open();
    const { hardState: none, snapshot, entries, lastApplied } = await storage.initialState();
    assert.deepEqual({ ...none }, { currentTerm: 0, votedFor: undefined, commitIndex: 0 });
    assert.deepEqual([snapshot.index, snapshot.term, entries, lastApplied, storage.currentSnapshot, storage.readOnly], [0, 0, [], 0, undefined, false]);
  },

  "overlapping calls to persist complete in order": async ({ open }, log) => {
    const { storage } = await open();
    const done: number[] = [];
    const persisted = Array.from({ length: 20 }, async (_, number) => {
      await storage.persist({ sequence: number + 1, hardState: hardState(1), entries: [log.entry(number + 1)] });
      done.push(number);
    });
    await Promise.all(persisted);
    assert.deepEqual(done, done.toSorted((left, right) => left - right));
  },

  "apply answers each entry by its place, and follows the membership": async ({ open }, log) => {
    const { storage } = await open();
    const entries = [log.entry(1), { index: 2, term: 1, type: entryTypes.noop, data: new Uint8Array(0) }, membershipEntry(3, 1, 2), log.entry(4)];
    await storage.persist({ sequence: 1, hardState: hardState(1), entries });
    const results = await storage.apply(entries);
    assert.deepEqual(results.map((result) => result instanceof Uint8Array), [true, false, false, true]);
    assert.deepEqual(storage.appliedMembership, membershipOf(1, 2));
  },

  "a snapshot stands for the state at lastApplied, with the membership in force there": async ({ open }, log) => {
    const { storage } = await open();
    const entries = [...log.entries(1, 5), membershipEntry(6, 1, 2, 3), ...log.entries(7, 10)];
    await storage.persist({ sequence: 1, hardState: hardState(1, 8), entries });
    await storage.apply(entries.slice(0, 8));
    const { index, term, membership } = await storage.createSnapshot();
    assert.deepEqual([index, term, membership], [8, 1, membershipOf(1, 2, 3)]);
    assert.deepEqual([storage.currentSnapshot?.index, storage.currentSnapshot?.term], [8, 1]);
    await storage.compact(8, 8);
    await storage.apply(entries.slice(8));
    assert.equal((await storage.createSnapshot()).index, 10);
  },

  "a snapshot is received in pieces, at the offset that it asks for, and installed": async (subject, log) => {
    const entries = log.entries(1, 30);
    const source = await filled(subject, entries.slice(0, 20));
    const bytes = await snapshotOf(source);
    const { storage: target } = await subject.open();
    const { index, term, membership } = source.currentSnapshot!;
    const part = Math.min(10, bytes.length - 1);
    assert.equal(await target.receiveSnapshot({ index, term, membership }, 0, bytes.subarray(0, part)), part);
    assert.equal(await target.receiveSnapshot({ index, term, membership }, part + 1, bytes.subarray(part + 1)), part);
    const meta = await send(source, target);
    await target.finishReceiving(meta);
    await target.install(meta, [], hardState(4, 20));
    assert.deepEqual([target.currentSnapshot?.index, target.currentSnapshot?.term], [20, 1]);
    await target.persist({ sequence: 1, hardState: undefined, entries: entries.slice(20) });
    await target.apply(entries.slice(20));
    assert.deepEqual(await snapshotOf(target), await snapshotOf(await filled(subject, entries)));
  },

  "a damaged snapshot is refused as a whole, changes nothing, and the transfer begins anew": async (subject, log) => {
    const source = await filled(subject, log.entries(1, 10));
    const bytes = (await snapshotOf(source)).slice();
    const { storage: target } = await subject.open();
    const { index, term, membership } = source.currentSnapshot!;
    bytes[bytes.length >> 1] = bytes[bytes.length >> 1] === 0 ? 255 : 0;
    await target.receiveSnapshot({ index, term, membership }, 0, bytes);
    await rejectsWith("CORRUPT", (async () => target.finishReceiving({ index, term, membership }))());
    assert.equal((await target.initialState()).lastApplied, 0);
    assert.equal(target.currentSnapshot, undefined);
    const meta = await send(source, target);
    await target.finishReceiving(meta);
    await target.install(meta, [], hardState(1, 10));
    assert.equal(target.currentSnapshot!.index, 10);
  },
};

/** Every storage passes these, also one that forgets everything at the end of its process. */
export const storageCases = casesOf(claims);

/** What a node needs besides that comes back under the id that it had. */
export const durableStorageCases = casesOf(durabilityClaims);

function casesOf(all: Claims): readonly ConformanceCase<StorageSubject>[] {
  return Object.entries(all).map(([name, check]) => ({ name, run: (subject) => check(subject, new Log(subject.command)) }));
}
