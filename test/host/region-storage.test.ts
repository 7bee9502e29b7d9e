// Log, snapshots and state machine recovered together: after any crash they are one consistent state or they are refused.

import { expect, test, vi } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { globalRegion } from "../../src/base/ids.ts";
import type { RaftStorage } from "../../src/host/raft-storage.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { entryTypes, type Entry } from "../../src/raft/entry.ts";
import { encodeMembership } from "../../src/raft/membership-codec.ts";
import type { InitialState } from "../../src/raft/options.ts";
import { FaultyDisk } from "../storage/faulty-disk.ts";
import type { MemoryDisk } from "../storage/memory-disk.ts";
import { put, puts, send } from "./storage-conformance.ts";
import { codeOf, idOf, votersOf } from "./support/members.ts";
import { emptyDisk, openRegion, snapshotDirectory } from "./support/region-bench.ts";

const hardState = (currentTerm: number, commitIndex: number) => ({ currentTerm, votedFor: undefined, commitIndex });

/** The digest of a machine that has applied these. */
async function digestOf(entries: readonly Entry[]): Promise<string> {
  const { machine } = await openRegion(await emptyDisk());
  machine.applyBatch(entries);
  return machine.digest();
}

async function snapshotSource(entries: readonly Entry[]): Promise<RaftStorage> {
  const { storage } = await openRegion(await emptyDisk());
  await storage.persist({ sequence: 1, hardState: hardState(entries.at(-1)!.term, entries.at(-1)!.index), entries });
  storage.apply(entries);
  await storage.createSnapshot();
  return storage;
}

test("replay applies what is known to be committed and says how many entries; twice gives the same state (S108, S122)", async () => {
  const disk = await emptyDisk();
  const entries = puts(1, 3_000);
  const first = await openRegion(disk);
  await first.storage.persist({ sequence: 1, hardState: hardState(1, 2_500), entries });
  const store = new MemoryStore();
  const again = await openRegion(disk.copy(), store);
  expect(again.storage.replay()).toBe(2_500);
  // Saved, so that the next restart need not do it again (S116).
  expect((await openRegion(disk.copy(), store.fork())).storage.initialState().lastApplied).toBe(2_500);
  expect(again.storage.initialState().lastApplied).toBe(2_500);
  const digest = again.machine.digest();
  expect(digest).toBe(await digestOf(entries.slice(0, 2_500)));
  expect(again.storage.replay()).toBe(0);
  expect(again.machine.digest()).toBe(digest);
  // A state that was lost is rebuilt to the same.
  const rebuilt = await openRegion(disk.copy());
  rebuilt.storage.replay();
  expect(rebuilt.machine.digest()).toBe(digest);
});

test("replay goes on behind what the state machine has already, and never beyond the log (S107, S108)", async () => {
  const disk = await emptyDisk();
  const store = new MemoryStore();
  const entries = puts(1, 20);
  const first = await openRegion(disk, store);
  await first.storage.persist({ sequence: 1, hardState: hardState(1, 100), entries });
  first.storage.apply(entries.slice(0, 12));
  const again = await openRegion(disk.copy(), store);
  expect(again.storage.replay()).toBe(8);
  expect(again.machine.digest()).toBe(await digestOf(entries));
});

test("replay without a hint of what is committed applies nothing", async () => {
  const disk = await emptyDisk();
  const first = await openRegion(disk);
  await first.storage.persist({ sequence: 1, hardState: hardState(1, 0), entries: puts(1, 5) });
  expect((await openRegion(disk.copy())).storage.replay()).toBe(0);
});

test("the membership in force at lastApplied is found again behind a snapshot and in the log (H28)", async () => {
  const disk = await emptyDisk();
  const store = new MemoryStore();
  const founded = await openRegion(disk, store, votersOf(1));
  expect(founded.storage.initialState().entries.map(({ index, term, type }) => [index, term, type])).toEqual([[1, 1, entryTypes.membership]]);
  expect(founded.storage.replay()).toBe(1);
  expect(founded.storage.appliedMembership).toEqual(votersOf(1));
  const again = await openRegion(disk.copy(), store, votersOf(1));
  expect(again.storage.initialState().entries).toHaveLength(1);
  expect(again.storage.appliedMembership).toEqual(votersOf(1));
});

test("a log that begins after a snapshot that is missing is refused (H34)", async () => {
  const disk = await emptyDisk();
  const entries = puts(1, 10);
  const target = await openRegion(disk);
  const source = await snapshotSource(entries);
  const meta = await send(source, target.storage);
  await target.storage.finishReceiving(meta);
  await target.storage.install(meta, [], hardState(1, 10));
  const damaged = disk.copy();
  for (const name of await damaged.readDirectory(snapshotDirectory)) await damaged.unlink(`${snapshotDirectory}/${name}`);
  const before = new Map(damaged.files());
  expect(await codeOf(openRegion(damaged))).toBe("CORRUPT");
  expect(damaged.files()).toEqual(before);
});

test("a snapshot and a log that begin at the same index in different terms contradict each other and are refused (H34)", async () => {
  const disk = await emptyDisk();
  const { storage, wal } = await openRegion(disk);
  await storage.persist({ sequence: 1, hardState: hardState(2, 10), entries: puts(1, 10, 2) });
  storage.apply(puts(1, 10, 2));
  await storage.createSnapshot();
  await wal.append([{ kind: "snapshotMark", region: globalRegion, position: { index: 10, term: 1 } }]);
  expect(await codeOf(openRegion(disk.copy()))).toBe("CORRUPT");
});

test("a state that has applied more than the log and the snapshot hold is refused", async () => {
  const disk = await emptyDisk();
  const store = new MemoryStore();
  const { storage, machine } = await openRegion(disk, store);
  await storage.persist({ sequence: 1, hardState: hardState(1, 5), entries: puts(1, 5) });
  storage.apply(puts(1, 5));
  machine.applyBatch([put(6)]);
  expect(await codeOf(openRegion(disk.copy(), store))).toBe("CORRUPT");
});

test("a snapshot that holds another cluster's or another region's state is refused", async () => {
  const disk = await emptyDisk();
  const { storage } = await openRegion(disk);
  await storage.persist({ sequence: 1, hardState: hardState(1, 5), entries: puts(1, 5) });
  storage.apply(puts(1, 5));
  await storage.createSnapshot();
  const damaged = disk.copy();
  const [name] = await damaged.readDirectory(snapshotDirectory);
  const content = damaged.files().get(`${snapshotDirectory}/${name!}`)!.slice();
  content[30] = content[30]! ^ 1;
  damaged.plant(`${snapshotDirectory}/${name!}`, content);
  expect(await codeOf(openRegion(damaged))).toBe("CORRUPT");
});

test("nothing is forgotten that no durable snapshot holds (H40)", async () => {
  const { storage } = await openRegion(await emptyDisk());
  await storage.persist({ sequence: 1, hardState: hardState(1, 10), entries: puts(1, 10) });
  storage.apply(puts(1, 5));
  await storage.createSnapshot();
  await expect((async () => storage.compact(6, 6))()).rejects.toThrow("only what a durable snapshot holds is forgotten");
  await storage.compact(5, 5);
});

test("a disk that fails is reported by the log and by the call (H43)", async () => {
  const disk = await emptyDisk();
  let failing = false;
  const faulty = new FaultyDisk(disk, { fault: ({ operation }) => (failing && operation === "writeDurable" ? "EIO" : undefined) });
  const { storage, failures } = await openRegion(faulty);
  failing = true;
  expect(await codeOf(storage.persist({ sequence: 1, hardState: hardState(1, 0), entries: puts(1, 5) }))).toBe("IO_ERROR");
  expect(failures).toHaveLength(1);
});

/** The state that a start on this disk finds, as text: what it would serve, and that the log goes on without a gap. */
async function recovered(disk: MemoryDisk, store: MemoryStore): Promise<{ initial: InitialState; digest: string }> {
  const { storage, machine } = await openRegion(disk, store);
  storage.replay();
  const initial = storage.initialState();
  const last = initial.entries.at(-1)?.index ?? initial.snapshot.index;
  // Whatever was found, the log takes the next entry, and a second start finds all of it.
  await storage.persist({ sequence: 1, hardState: { ...initial.hardState, currentTerm: 9 }, entries: [put(last + 1, 9)] });
  const again = (await openRegion(disk.copy(), new MemoryStore())).storage.initialState();
  expect(again.entries.at(-1)).toMatchObject({ index: last + 1, term: 9 });
  expect(again.snapshot.index).toBe(initial.snapshot.index);
  return { initial, digest: machine.digest() };
}

/** Runs the work once to count the calls of the disk, then once for each call with a crash before it; hands each disk that a crash may leave. */
async function crashEverywhere(
  prepare: () => Promise<{ disk: MemoryDisk; store: MemoryStore }>,
  work: (disk: FaultyDisk, store: MemoryStore) => Promise<void>,
  check: (disk: MemoryDisk, store: MemoryStore) => Promise<void>,
): Promise<number> {
  const count = async (crashAt: number): Promise<number> => {
    const { disk, store } = await prepare();
    let calls = 0;
    let left: MemoryDisk[] | undefined;
    const faulty = new FaultyDisk(disk, {
      observe: (_call, moment) => {
        if (moment !== "before") return;
        calls += 1;
        if (calls === crashAt) left = [disk.copy(), disk.crashed(new Prng(crashAt)), disk.crashed(new Prng(crashAt + 1_000))];
      },
    });
    await work(faulty, store);
    for (const after of left ?? []) await check(after, store);
    return calls;
  };
  const calls = await count(0);
  for (let crashAt = 1; crashAt <= calls; crashAt += 1) await count(crashAt);
  return calls;
}

for (const [what, own] of [["that agrees with the snapshot", 1], ["that contradicts the snapshot", 2], ["that is empty", 0]] as const) {
  test(`a crash at any step of an install over a log ${what} recovers to the old state or to the new one (H33, H34)`, async () => {
    const committed = puts(1, 4);
    const received = [...committed, ...puts(5, 20, 3)];
    // What the receiver has of its own: nothing, some that agrees and goes beyond the snapshot, or some of a deposed leader.
    const held = own === 0 ? [] : own === 1 ? [...received, ...puts(21, 24, 3)] : [...committed, ...puts(5, 24, 2)];
    const applied = held.slice(0, 4);
    const source = await snapshotSource(received);
    const [digestBefore, digestAfter] = [await digestOf(applied), await digestOf(received)];
    const prepare = async (): Promise<{ disk: MemoryDisk; store: MemoryStore }> => {
      const disk = await emptyDisk();
      const { storage } = await openRegion(disk);
      if (held.length > 0) await storage.persist({ sequence: 1, hardState: hardState(3, applied.length), entries: held });
      else await storage.persist({ sequence: 1, hardState: hardState(3, 0), entries: [] });
      return { disk, store: new MemoryStore() };
    };
    const seen = new Set<string>();
    const calls = await crashEverywhere(
      prepare,
      async (disk, store) => {
        const { storage, machine } = await openRegion(disk, store);
        storage.replay();
        const meta = await send(source, storage, 2_000);
        await storage.finishReceiving(meta);
        await storage.install(meta, own === 1 ? held.slice(20) : [], hardState(3, 20));
        expect(machine.digest()).toBe(digestAfter);
      },
      async (disk) => {
        // Whatever became of the state's own files: the log and the snapshots alone give it back.
        const { initial, digest } = await recovered(disk, new MemoryStore());
        expect([digestBefore, digestAfter]).toContain(digest);
        if (digest === digestAfter) expect([initial.snapshot.index, initial.lastApplied]).toEqual([20, 20]);
        else expect([initial.snapshot.index, initial.lastApplied]).toEqual([0, applied.length]);
        const indexes = initial.entries.map((entry) => `${entry.index}@${entry.term}`);
        const possible = digest === digestAfter ? [own === 1 ? held.slice(20) : []] : [held];
        expect(possible.map((entries) => entries.map((entry) => `${entry.index}@${entry.term}`))).toContainEqual(indexes);
        seen.add(digest);
      },
    );
    expect(calls).toBeGreaterThan(10);
    expect(seen.size).toBe(2);
  });
}

test("a crash at any step of taking a snapshot and forgetting the log loses nothing (H40, H44)", async () => {
  const entries = puts(1, 400);
  const digest = await digestOf(entries);
  const calls = await crashEverywhere(
    async () => {
      const disk = await emptyDisk();
      const { storage, clock } = await openRegion(disk);
      for (let first = 0; first < 400; first += 50) {
        await storage.persist({ sequence: first, hardState: hardState(1, Math.max(0, first)), entries: entries.slice(first, first + 50) });
      }
      await storage.persist({ sequence: 9, hardState: hardState(1, 400), entries: [] });
      await clock.advance(1_000);
      return { disk, store: new MemoryStore() };
    },
    async (disk, store) => {
      const { storage } = await openRegion(disk, store);
      storage.replay();
      await storage.createSnapshot();
      await storage.compact(400, 400);
    },
    async (disk) => {
      const { initial, digest: found } = await recovered(disk, new MemoryStore());
      expect([found, initial.lastApplied]).toEqual([digest, 400]);
    },
  );
  expect(calls).toBeGreaterThan(10);
});

test("a state machine that is ahead of an older snapshot keeps what it has (H33)", async () => {
  const disk = await emptyDisk();
  const store = new MemoryStore();
  const entries = puts(1, 30);
  const { storage } = await openRegion(disk, store);
  await storage.persist({ sequence: 1, hardState: hardState(1, 30), entries });
  storage.apply(entries.slice(0, 10));
  await storage.createSnapshot();
  storage.apply(entries.slice(10));
  const again = await openRegion(disk.copy(), store);
  expect([again.machine.lastApplied, again.storage.initialState().snapshot.index, again.storage.replay()]).toEqual([30, 10, 0]);
});

test("a snapshot's label and its content stand for the same index, also when entries are applied while it is written (H35)", async () => {
  const disk = await emptyDisk();
  const entries = puts(1, 500);
  const { storage } = await openRegion(disk);
  await storage.persist({ sequence: 1, hardState: hardState(1, 500), entries });
  storage.apply(entries.slice(0, 200));
  const writing = storage.createSnapshot();
  for (let first = 200; first < 500; first += 10) {
    storage.apply(entries.slice(first, first + 10));
    await Promise.resolve();
  }
  const meta = await writing;
  expect(meta.index).toBe(200);
  const target = await openRegion(await emptyDisk());
  await target.storage.finishReceiving(await send(storage, target.storage));
  await target.storage.install(meta, [], hardState(1, 200));
  expect(target.machine.digest()).toBe(await digestOf(entries.slice(0, 200)));
});

test("a snapshot's membership is the one at its index, also when a change is applied while it is written (H28, H35)", async () => {
  const [before, after] = [votersOf(1, 2, 3), votersOf(1, 2)];
  const { storage } = await openRegion(await emptyDisk());
  const change = (index: number, data: Uint8Array): Entry => ({ index, term: 1, type: entryTypes.membership, data });
  const entries = [change(1, encodeMembership(before)), ...puts(2, 3), change(4, encodeMembership(after))];
  await storage.persist({ sequence: 1, hardState: hardState(1, 4), entries });
  storage.apply(entries.slice(0, 3));
  const writing = storage.createSnapshot();
  storage.apply(entries.slice(3));
  expect(await writing).toEqual({ index: 3, term: 1, membership: before });
  expect(storage.currentSnapshot).toMatchObject({ index: 3, membership: before });
  expect(storage.appliedMembership).toEqual(after);
});

test("what was given behind a batch that a full disk refused does not overtake it, however early it was given (H1, H45)", async () => {
  const disk = await emptyDisk();
  const { storage, wal, clock } = await openRegion(disk);
  const large = put(1, 1, "x".repeat(20_000));
  const refused = { sequence: 1, hardState: hardState(1, 0), entries: [large] };
  const vote = { sequence: 2, hardState: { currentTerm: 2, votedFor: idOf(2), commitIndex: 0 }, entries: [] };
  disk.freeSpace = 0;
  const first = codeOf(storage.persist(refused));
  while (!wal.refuses(globalRegion)) await new Promise(setImmediate);
  expect(await codeOf(storage.persist(vote))).toBe("NO_SPACE");
  expect(await first).toBe("NO_SPACE");
  disk.freeSpace = Number.MAX_SAFE_INTEGER;
  await clock.advance(5_000);
  expect(await codeOf(storage.persist(vote))).toBe("NO_SPACE");
  await storage.persist(refused);
  await storage.persist(vote);
  const found = (await openRegion(disk.copy())).storage.initialState();
  expect(found).toMatchObject({ hardState: { currentTerm: 2, votedFor: idOf(2) }, entries: [{ index: 1 }] });
});

test("a snapshot that is asked for in the middle of an install is taken behind it, with its index and its membership (H33)", async () => {
  const source = await openRegion(await emptyDisk(), new MemoryStore(), votersOf(1, 2));
  source.storage.replay();
  source.storage.apply(puts(2, 10));
  await source.storage.createSnapshot();
  const { storage } = await openRegion(await emptyDisk());
  const meta = await send(source.storage, storage);
  await storage.finishReceiving(meta);
  const installing = storage.install(meta, [], hardState(1, 10));
  expect(await storage.createSnapshot()).toMatchObject({ index: 10, term: 1, membership: votersOf(1, 2) });
  await installing;
});

test("what was applied is saved when it is asked for, and in the middle of an install, which replaces and saves it all, that is nothing to do (H34, S116)", async () => {
  const source = await snapshotSource(puts(1, 10));
  const store = new MemoryStore();
  const disk = await emptyDisk();
  const { storage, machine } = await openRegion(disk, store);
  await storage.persist({ sequence: 1, hardState: hardState(1, 2), entries: puts(1, 2) });
  storage.apply(puts(1, 2));
  const savedIndex = async (): Promise<number> => (await openRegion(disk.copy(), store.fork())).machine.lastApplied;
  expect(await savedIndex()).toBe(0);
  storage.save();
  expect(await savedIndex()).toBe(2);
  const meta = await send(source, storage);
  await storage.finishReceiving(meta);
  const replace = store.replace.bind(store);
  const replacing = vi.spyOn(store, "replace").mockImplementation(async (pairs) => {
    storage.save();
    await replace(pairs);
    storage.save();
  });
  await storage.install(meta, [], hardState(1, 10));
  expect(replacing).toHaveBeenCalledOnce();
  expect([machine.lastApplied, await savedIndex()]).toEqual([10, 10]);
});

test("what waits to be installed is kept although a newer snapshot that nobody wanted lies beside it (H33, H45)", async () => {
  const disk = await emptyDisk();
  const { storage } = await openRegion(disk);
  const own = [...puts(1, 5)];
  await storage.persist({ sequence: 1, hardState: hardState(1, 5), entries: own });
  storage.apply(own);
  for (const last of [20, 10]) await storage.finishReceiving(await send(await snapshotSource(puts(1, last)), storage));
  expect(await storage.createSnapshot()).toMatchObject({ index: 5 });
  const meta = await send(await snapshotSource(puts(1, 10)), (await openRegion(await emptyDisk())).storage);
  await storage.install(meta, [], hardState(1, 10));
  expect(storage.appliedMembership).toEqual(meta.membership);
  expect(storage.currentSnapshot?.index).toBe(20);
});

test("an install whose old log cannot be forgotten for lack of space is done all the same (H45)", async () => {
  const source = await snapshotSource(puts(1, 10));
  const { storage, wal } = await openRegion(await emptyDisk());
  const meta = await send(source, storage);
  await storage.finishReceiving(meta);
  const purge = vi.spyOn(wal, "purge").mockRejectedValueOnce(new RaftctlError("NO_SPACE", "the disk is full"));
  await storage.install(meta, [], hardState(1, 10));
  expect(purge).toHaveBeenCalledTimes(1);
  expect(storage.currentSnapshot).toMatchObject({ index: 10 });
  purge.mockRejectedValueOnce(new RaftctlError("IO_ERROR", "the disk is gone"));
  await storage.finishReceiving(await send(await snapshotSource(puts(1, 20)), storage));
  expect(await codeOf(storage.install({ ...meta, index: 20 }, [], hardState(1, 20)))).toBe("IO_ERROR");
});
