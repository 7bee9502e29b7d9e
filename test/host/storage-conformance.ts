// What every storage of a region must do (S31), whatever it is made of: one suite, run over each. Whoever brings a storage of his own runs it over that.

import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import type { RaftStorage } from "../../src/host/raft-storage.ts";
import { entryTypes, type Entry } from "../../src/raft/entry.ts";
import { encodeMembership } from "../../src/raft/membership-codec.ts";
import type { SnapshotMeta } from "../../src/raft/message.ts";
import { encodeCommand } from "../../src/wire/command.ts";
import { codeOf, idOf, votersOf } from "./support/members.ts";

/** A storage that is empty at first, and the same one again after its process was killed. */
export interface StorageUnderTest {
  readonly storage: RaftStorage;
  restart(): Promise<RaftStorage>;
}

export const put = (index: number, term = 1, value = `v${index}`): Entry => ({
  index, term, type: entryTypes.command,
  data: encodeCommand({ operation: "put", key: utf8(`k${index % 7}`), value: utf8(value), wantPrevious: false }),
});
export const puts = (first: number, last: number, term = 1): Entry[] => Array.from({ length: last - first + 1 }, (_, place) => put(first + place, term));
const membershipEntry = (index: number, ...numbers: number[]): Entry => ({ index, term: 1, type: entryTypes.membership, data: encodeMembership(votersOf(...numbers)) });

/** The whole of the current snapshot: equal states have equal snapshots. */
export async function snapshotOf(storage: RaftStorage): Promise<Uint8Array> {
  await storage.createSnapshot();
  const snapshot = storage.currentSnapshot!;
  return storage.readSnapshot(snapshot, 0, snapshot.bytes);
}

export async function send(from: RaftStorage, to: RaftStorage, chunk = 100): Promise<SnapshotMeta> {
  const { bytes, index, term, membership } = from.currentSnapshot!;
  const meta = { index, term, membership };
  for (let offset = 0; offset < bytes;) {
    const data = await from.readSnapshot(from.currentSnapshot!, offset, Math.min(chunk, bytes - offset));
    offset = await to.receiveSnapshot(meta, offset, data);
  }
  return meta;
}

export function storageConformance(name: string, open: () => Promise<StorageUnderTest>): void {
  const title = (claim: string): string => `${name}: ${claim} (S31)`;
  const hardState = (currentTerm: number, commitIndex = 0) => ({ currentTerm, votedFor: "2", commitIndex });

  test(title("a fresh one is empty"), async () => {
    const { storage } = await open();
    const { hardState: none, snapshot, entries, lastApplied } = await storage.initialState();
    expect(none).toEqual({ currentTerm: 0, votedFor: undefined, commitIndex: 0 });
    expect([snapshot.index, snapshot.term, entries, lastApplied, storage.currentSnapshot, storage.readOnly]).toEqual([0, 0, [], 0, undefined, false]);
  });

  test(title("hard state and entries that were persisted survive a restart"), async () => {
    const { storage, restart } = await open();
    await storage.persist({ sequence: 1, hardState: hardState(3), entries: puts(1, 5) });
    await storage.persist({ sequence: 2, hardState: undefined, entries: puts(6, 7, 3) });
    const after = await (await restart()).initialState();
    expect(after.hardState).toEqual(hardState(3));
    expect(after.entries.map(({ index, term, type, data }) => ({ index, term, type, data: [...data] }))).toEqual(
      [...puts(1, 5), ...puts(6, 7, 3)].map(({ index, term, type, data }) => ({ index, term, type, data: [...data] })),
    );
  });

  test(title("entries at indexes that exist replace them and all behind them"), async () => {
    const { storage, restart } = await open();
    await storage.persist({ sequence: 1, hardState: hardState(1), entries: puts(1, 9) });
    await storage.persist({ sequence: 2, hardState: hardState(2), entries: puts(4, 5, 2) });
    const after = await (await restart()).initialState();
    expect(after.entries.map(({ index, term }) => [index, term])).toEqual([[1, 1], [2, 1], [3, 1], [4, 2], [5, 2]]);
  });

  test(title("overlapping calls to persist complete in order"), async () => {
    const { storage, restart } = await open();
    const done: number[] = [];
    const persisted = Array.from({ length: 20 }, async (_, number) => {
      await storage.persist({ sequence: number + 1, hardState: hardState(1), entries: [put(number + 1)] });
      done.push(number);
    });
    await Promise.all(persisted);
    expect(done).toEqual(done.toSorted((left, right) => left - right));
    expect((await (await restart()).initialState()).entries).toHaveLength(20);
  });

  test(title("apply answers each entry by its place, and follows the membership"), async () => {
    const { storage } = await open();
    const entries = [put(1), { index: 2, term: 1, type: entryTypes.noop, data: new Uint8Array(0) }, membershipEntry(3, 1, 2), put(4)];
    await storage.persist({ sequence: 1, hardState: hardState(1), entries });
    const results = await storage.apply(entries);
    expect(results.map((result) => result instanceof Uint8Array)).toEqual([true, false, false, true]);
    expect(storage.appliedMembership).toEqual(votersOf(1, 2));
  });

  test(title("what was applied is not applied again after a restart, and nothing is missing"), async () => {
    const { storage, restart } = await open();
    const entries = puts(1, 10);
    await storage.persist({ sequence: 1, hardState: hardState(1, 10), entries });
    await storage.apply(entries.slice(0, 4));
    await storage.apply(entries.slice(4, 6));
    const again = await restart();
    const { lastApplied } = await again.initialState();
    expect(lastApplied).toBeGreaterThanOrEqual(0);
    expect(lastApplied).toBeLessThanOrEqual(10);
    if (lastApplied < 10) await again.apply(entries.slice(lastApplied));
    expect(await snapshotOf(again)).toEqual(await snapshotOf((await fresh(open, entries)).storage));
  });

  test(title("a snapshot stands for the state at lastApplied, and the log before it is no longer needed"), async () => {
    const { storage, restart } = await open();
    const entries = [...puts(1, 5), membershipEntry(6, 1, 2, 3), ...puts(7, 10)];
    await storage.persist({ sequence: 1, hardState: hardState(1, 8), entries });
    await storage.apply(entries.slice(0, 8));
    const meta = await storage.createSnapshot();
    expect(meta).toMatchObject({ index: 8, term: 1, membership: votersOf(1, 2, 3) });
    expect(storage.currentSnapshot).toMatchObject({ index: 8, term: 1 });
    await storage.compact(8, 8);
    const again = await restart();
    const { snapshot, entries: kept, lastApplied } = await again.initialState();
    expect([snapshot.index, snapshot.term, lastApplied, kept.map(({ index }) => index)]).toEqual([8, 1, 8, [9, 10]]);
    expect(snapshot.membership).toEqual(votersOf(1, 2, 3));
    expect(again.appliedMembership).toEqual(votersOf(1, 2, 3));
    await again.apply(entries.slice(8));
    expect(await snapshotOf(again)).toEqual(await snapshotOf((await fresh(open, entries)).storage));
  });

  test(title("a snapshot is received in pieces, at the offset that it asks for, and installed with what stands behind it"), async () => {
    const entries = puts(1, 30);
    const { storage: source } = await fresh(open, entries.slice(0, 20));
    const bytes = await snapshotOf(source);
    const { storage: target, restart } = await open();
    await target.persist({ sequence: 1, hardState: hardState(1), entries: entries.slice(0, 25) });
    const { index, term, membership } = source.currentSnapshot!;
    expect(await target.receiveSnapshot({ index, term, membership }, 0, bytes.subarray(0, 10))).toBe(10);
    expect(await target.receiveSnapshot({ index, term, membership }, 50, bytes.subarray(50, 60))).toBe(10);
    const meta = await send(source, target);
    await target.finishReceiving(meta);
    await target.install(meta, entries.slice(20, 25), hardState(4, 20));
    expect(target.currentSnapshot).toMatchObject({ index: 20, term: 1 });
    await target.persist({ sequence: 2, hardState: undefined, entries: entries.slice(25) });
    const again = await restart();
    const initial = await again.initialState();
    expect([initial.snapshot.index, initial.lastApplied, initial.hardState]).toEqual([20, 20, hardState(4, 20)]);
    expect(initial.entries.map((entry) => entry.index)).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
    await again.apply(entries.slice(20));
    expect(await snapshotOf(again)).toEqual(await snapshotOf((await fresh(open, entries)).storage));
  });

  test(title("a log that does not agree with an installed snapshot is gone (H34)"), async () => {
    const { storage: source } = await fresh(open, puts(1, 10, 2));
    await source.createSnapshot();
    const { storage: target, restart } = await open();
    await target.persist({ sequence: 1, hardState: hardState(1), entries: puts(1, 20) });
    const meta = await send(source, target);
    await target.finishReceiving(meta);
    await target.install(meta, [], hardState(2, 10));
    const { entries, snapshot } = await (await restart()).initialState();
    expect([snapshot.index, snapshot.term, entries]).toEqual([10, 2, []]);
  });

  test(title("a damaged snapshot is refused as a whole, changes nothing, and the transfer begins anew"), async () => {
    const { storage: source } = await fresh(open, puts(1, 10));
    const bytes = (await snapshotOf(source)).slice();
    const { storage: target } = await open();
    const { index, term, membership } = source.currentSnapshot!;
    bytes[bytes.length >> 1] = bytes[bytes.length >> 1] === 0 ? 255 : 0;
    await target.receiveSnapshot({ index, term, membership }, 0, bytes);
    expect(await codeOf((async () => target.finishReceiving({ index, term, membership }))())).toBe("CORRUPT");
    expect((await target.initialState()).lastApplied).toBe(0);
    expect(target.currentSnapshot).toBeUndefined();
    const meta = await send(source, target);
    await target.finishReceiving(meta);
    await target.install(meta, [], hardState(1, 10));
    expect(target.currentSnapshot!.index).toBe(10);
  });

  test(title("a vote names who got it"), async () => {
    const { storage, restart } = await open();
    await storage.persist({ sequence: 1, hardState: { currentTerm: 9, votedFor: idOf(3), commitIndex: 0 }, entries: [] });
    await storage.persist({ sequence: 2, hardState: { currentTerm: 10, votedFor: undefined, commitIndex: 0 }, entries: [] });
    expect((await (await restart()).initialState()).hardState).toEqual({ currentTerm: 10, votedFor: undefined, commitIndex: 0 });
  });
}

async function fresh(open: () => Promise<StorageUnderTest>, entries: readonly Entry[]): Promise<StorageUnderTest> {
  const opened = await open();
  await opened.storage.persist({ sequence: 1, hardState: { currentTerm: entries.at(-1)!.term, votedFor: undefined, commitIndex: 0 }, entries });
  await opened.storage.apply(entries);
  return opened;
}
