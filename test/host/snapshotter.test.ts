// When a snapshot is taken, and what of the log stays behind it.

import { expect, test } from "vitest";
import { silentLogger } from "../../src/base/logger.ts";
import type { RaftStorage, StoredSnapshot } from "../../src/host/raft-storage.ts";
import { Snapshotter, type CompactionPolicy } from "../../src/host/snapshotter.ts";
import { entryTypes, type Entry } from "../../src/raft/entry.ts";
import { emptyMembership } from "../../src/raft/membership.ts";
import { Gate } from "./support/gate.ts";
import { VirtualClock } from "./support/virtual-clock.ts";

const policy: CompactionPolicy = { logBytes: 10_000, logBytesMax: 50_000, trailingEntries: 1_000_000, trailingBytes: 1_000_000_000 };
/** With the 48 bytes that every entry costs beside its data. */
const entry = (index: number, bytes: number): Entry => ({ index, term: 1, type: entryTypes.command, data: new Uint8Array(bytes - 48) });

class Bench {
  readonly gate = new Gate();
  readonly forgotten: number[] = [];
  readonly compacted: number[] = [];
  readonly clock = new VirtualClock();
  readonly snapshotter: Snapshotter;
  lastApplied = 0;
  taken = 0;
  snapshot: StoredSnapshot | undefined;
  failure: Error | undefined;

  constructor(changes: Partial<CompactionPolicy> = {}, recovered: readonly Entry[] = []) {
    const storage = {
      createSnapshot: async () => {
        const index = this.lastApplied;
        this.taken += 1;
        await this.gate.pass();
        if (this.failure !== undefined) throw this.failure;
        this.snapshot = { index, term: 1, membership: emptyMembership, bytes: this.snapshot?.bytes ?? 100 };
        return this.snapshot;
      },
      compact: (index: number) => void this.compacted.push(index),
    };
    Object.defineProperty(storage, "currentSnapshot", { get: () => this.snapshot });
    this.snapshotter = new Snapshotter({
      storage: storage as unknown as RaftStorage, policy: { ...policy, ...changes }, logger: silentLogger, clock: this.clock, recovered, compact: (index) => void this.forgotten.push(index),
    });
  }

  /** Applies entries of this size, one batch each; says whether a snapshot is due after the last one. */
  apply(count: number, bytes: number): boolean {
    let due = false;
    for (let number = 0; number < count; number += 1) due = this.snapshotter.applied([entry((this.lastApplied += 1), bytes)]);
    return due;
  }
}

test("a snapshot is due when enough bytes were applied since the last one, and not again before that", async () => {
  const bench = new Bench();
  expect([bench.apply(9, 1_000), bench.apply(1, 999), bench.apply(1, 100)]).toEqual([false, false, true]);
  await bench.snapshotter.take();
  expect([bench.apply(9, 1_000), bench.apply(1, 1_000)]).toEqual([false, true]);
});

test("a large state is written again only after as many bytes of log, but never later than the most", async () => {
  const bench = new Bench();
  bench.snapshot = { index: 0, term: 0, membership: emptyMembership, bytes: 30_000 };
  expect([bench.apply(29, 1_000), bench.apply(1, 1_000)]).toEqual([false, true]);
  bench.snapshot = { index: 0, term: 0, membership: emptyMembership, bytes: 1_000_000 };
  await bench.snapshotter.take();
  expect([bench.apply(49, 1_000), bench.apply(1, 1_000)]).toEqual([false, true]);
});

test("one snapshot at a time: whom any snapshot serves waits for the one that is being taken", async () => {
  const bench = new Bench();
  bench.gate.close();
  bench.apply(10, 1_000);
  const [first, second] = [bench.snapshotter.take(), bench.snapshotter.takeOrJoin()];
  expect(bench.apply(20, 1_000)).toBe(false);
  bench.gate.open();
  await Promise.all([first, second]);
  expect(bench.taken).toBe(1);
  await bench.snapshotter.takeOrJoin();
  expect(bench.taken).toBe(2);
});

test("a snapshot that is asked for holds what was applied before, however long ago the one that is being taken was begun (S114)", async () => {
  const bench = new Bench();
  bench.gate.close();
  bench.apply(10, 1_000);
  const old = bench.snapshotter.takeOrJoin();
  bench.apply(5, 1_000);
  const asked = bench.snapshotter.take();
  bench.gate.open();
  await Promise.all([old, asked]);
  expect([bench.snapshot!.index, bench.taken]).toEqual([15, 2]);
});

test("a failed snapshot forgets nothing, rejects, and another one can be taken (H40)", async () => {
  const bench = new Bench({ trailingEntries: 0 });
  bench.apply(10, 1_000);
  bench.failure = new Error("no space");
  await expect(bench.snapshotter.take()).rejects.toThrow("no space");
  expect([bench.compacted, bench.forgotten]).toEqual([[], []]);
  bench.failure = undefined;
  await bench.snapshotter.take();
  expect(bench.compacted).toEqual([10]);
});

test("the log on disk may forget what the snapshot holds, and nothing that was applied while it was taken (H40)", async () => {
  const bench = new Bench({ trailingEntries: 0 });
  bench.apply(10, 1_000);
  bench.gate.close();
  const taking = bench.snapshotter.take();
  bench.apply(50, 1_000);
  bench.gate.open();
  await taking;
  expect([bench.compacted, bench.forgotten]).toEqual([[10], [10]]);
});

test("a window of entries stays in memory for followers that are a little behind", async () => {
  const bench = new Bench({ trailingEntries: 100 });
  bench.apply(1_000, 1_000);
  await bench.snapshotter.take();
  expect(bench.forgotten).toEqual([900]);
});

test("the window holds whichever is less, entries or bytes, whatever the size of the entries", async () => {
  for (const [count, bytes] of [[1_000, 1_000], [50, 20_000], [20_000, 100], [10, 500_000]] as const) {
    const bench = new Bench({ trailingBytes: 300_000 });
    bench.apply(count, bytes);
    await bench.snapshotter.take();
    const keptBytes = (count - bench.forgotten[0]!) * bytes;
    expect(keptBytes).toBeGreaterThanOrEqual(Math.min(300_000, count * bytes));
    expect(keptBytes).toBeLessThanOrEqual(300_000 + 64 * 1024 + 2 * bytes);
  }
});

test("a log that fits the window stays in memory as a whole", async () => {
  const bench = new Bench({ trailingBytes: 300_000 });
  bench.apply(10, 1_000);
  await bench.snapshotter.take();
  expect(bench.forgotten).toEqual([0]);
});

test("what a snapshot had before this start is not known by size, and is forgotten with the next one", async () => {
  const bench = new Bench({ trailingBytes: 300_000 });
  bench.lastApplied = 5_000;
  bench.apply(10, 1_000);
  await bench.snapshotter.take();
  expect(bench.forgotten).toEqual([5_000]);
});

test("what comes behind a snapshot that a peer is getting is kept for it, until it is released, and no longer than the most (H41)", async () => {
  const bench = new Bench({ trailingEntries: 0 });
  bench.apply(10, 1_000);
  await bench.snapshotter.take();
  const release = bench.snapshotter.pin(10);
  bench.apply(10, 1_000);
  await bench.snapshotter.take();
  expect(bench.forgotten.at(-1)).toBe(10);
  release();
  bench.apply(10, 1_000);
  await bench.snapshotter.take();
  expect(bench.forgotten.at(-1)).toBe(30);
  bench.snapshotter.pin(30);
  bench.apply(51, 1_000);
  await bench.snapshotter.take();
  expect(bench.forgotten.at(-1)).toBe(81);
});

test("asked for less of the log than configured, a snapshot leaves that much (S114)", async () => {
  const bench = new Bench();
  bench.apply(100, 1_000);
  await bench.snapshotter.take(7);
  await bench.snapshotter.take(0);
  await bench.snapshotter.take();
  expect(bench.forgotten).toEqual([93, 100, 0]);
  bench.gate.close();
  const [usual, own, joined] = [bench.snapshotter.take(), bench.snapshotter.take(0), bench.snapshotter.takeOrJoin()];
  bench.apply(5, 1_000);
  bench.gate.open();
  await Promise.all([usual, own, joined]);
  expect([bench.taken, bench.forgotten.slice(3), bench.compacted.at(-1)]).toEqual([5, [0, 105], 105]);
});

test("a snapshot is also due after so many entries, and after so long with the first entry that comes then", async () => {
  const byEntries = new Bench({ entries: 5 });
  expect([byEntries.apply(4, 100), byEntries.apply(1, 100)]).toEqual([false, true]);
  await byEntries.snapshotter.take();
  expect([byEntries.apply(4, 100), byEntries.apply(1, 100)]).toEqual([false, true]);
  const byAge = new Bench({ intervalMs: 60_000 });
  await byAge.clock.advance(59_000);
  expect(byAge.apply(1, 100)).toBe(false);
  await byAge.clock.advance(1_000);
  expect(byAge.apply(1, 100)).toBe(true);
  await byAge.snapshotter.take();
  expect(byAge.apply(1, 100)).toBe(false);
  await byAge.clock.advance(60_000);
  expect(byAge.apply(1, 100)).toBe(true);
});

test("a policy that changes while it runs holds from the next entry on", () => {
  const bench = new Bench();
  expect(bench.apply(3, 1_000)).toBe(false);
  bench.snapshotter.policy = { ...policy, logBytes: 2_000 };
  expect(bench.apply(1, 100)).toBe(true);
});

test("what was applied before a restart counts, so that a node that is restarted again and again takes snapshots all the same", async () => {
  const recovered = Array.from({ length: 9 }, (_, place) => entry(place + 1, 1_000));
  const bench = new Bench({}, recovered);
  bench.lastApplied = 9;
  expect([bench.apply(1, 900), bench.apply(1, 100)]).toEqual([false, true]);
});

test("what was applied before a restart is in the window that a snapshot leaves", async () => {
  const bench = new Bench({ trailingEntries: 5 }, Array.from({ length: 9 }, (_, place) => entry(place + 1, 1_000)));
  bench.lastApplied = 9;
  expect(bench.apply(1, 1_000)).toBe(true);
  await bench.snapshotter.take();
  expect(bench.forgotten).toEqual([5]);
});
