// Batches on their way to the disk, one by one under the control of the test.

import { expect, test } from "vitest";
import { defer, type Deferred } from "../../src/base/deferred.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { Persister } from "../../src/host/persister.ts";
import type { RaftStorage } from "../../src/host/raft-storage.ts";
import type { DependentEnvelope, PersistBatch } from "../../src/raft/ready.ts";
import { idOf } from "./support/members.ts";
import { VirtualClock } from "./support/virtual-clock.ts";

const full = new RaftctlError("NO_SPACE", "the disk is full");
const batch = (sequence: number): PersistBatch => ({ sequence, hardState: undefined, entries: [] });
const dependent = (sequence: number, requestId: number): DependentEnvelope => ({
  to: idOf(2), sequence, message: { type: "requestVoteResponse", requestId, term: 1, voteGranted: true },
});

class Bench {
  readonly clock = new VirtualClock();
  /** Every write that was tried, oldest first, and how it may end. */
  readonly writes: { readonly sequence: number; readonly done: Deferred<void> }[] = [];
  readonly persisted: number[] = [];
  readonly fatal: Error[] = [];
  readonly persister: Persister;

  constructor(persist?: (batch: PersistBatch) => Promise<void> | void) {
    const later = ({ sequence }: PersistBatch): Promise<void> => {
      const done = defer<void>();
      this.writes.push({ sequence, done });
      return done.promise;
    };
    const owner = { persisted: (sequence: number) => void this.persisted.push(sequence), fatal: (error: Error) => void this.fatal.push(error) };
    this.persister = new Persister({ persist: persist ?? later } as unknown as RaftStorage, this.clock, owner);
  }

  released(): number[] {
    return this.persister.release().map(({ message }) => message.requestId);
  }
}

test("what depends on a batch is released when it is durable and not a moment before (H1, H17, S92)", async () => {
  const { persister, writes, persisted, clock, ...bench } = new Bench();
  const released = (): number[] => persister.release().map(({ message }) => message.requestId);
  persister.hold([dependent(1, 10)]);
  persister.persist(batch(1));
  persister.hold([dependent(2, 20), dependent(2, 21)]);
  persister.persist(batch(2));
  await clock.settle();
  expect(released()).toEqual([]);
  writes[0]!.done.resolve();
  await clock.settle();
  expect(persisted).toEqual([1]);
  expect(released()).toEqual([10]);
  expect(released()).toEqual([]);
  writes[1]!.done.resolve();
  await clock.settle();
  expect(released()).toEqual([20, 21]);
  expect(bench.fatal).toEqual([]);
});

test("storage that answers at once frees what depends on it in the same call (S23)", () => {
  const bench = new Bench(() => undefined);
  bench.persister.hold([dependent(1, 10)]);
  bench.persister.persist(batch(1));
  expect(bench.persisted).toEqual([1]);
  expect(bench.released()).toEqual([10]);
});

test("several batches are on their way at once (diss. §10.2.1)", () => {
  const { persister, writes } = new Bench();
  for (const sequence of [1, 2, 3]) persister.persist(batch(sequence));
  expect(writes.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
});

test("a full disk is tried again in order until there is space, and nothing overtakes what was refused (H45)", async () => {
  const bench = new Bench();
  const { persister, writes, clock, persisted } = bench;
  persister.hold([dependent(1, 10), dependent(2, 20)]);
  for (const sequence of [1, 2]) persister.persist(batch(sequence));
  for (const write of writes) write.done.reject(full);
  await clock.settle();
  persister.persist(batch(3));
  await clock.settle();
  expect(writes).toHaveLength(2);
  expect(bench.released()).toEqual([]);

  await clock.advance(1_000);
  writes[2]!.done.reject(full);
  await clock.advance(1_000);
  expect(writes.slice(2).map(({ sequence }) => sequence)).toEqual([1, 1]);
  writes[3]!.done.resolve();
  await clock.settle();
  for (const write of writes.slice(4)) write.done.resolve();
  await clock.settle();
  for (const write of writes.slice(5)) write.done.resolve();
  await clock.settle();
  expect(persisted).toEqual([1, 2, 3]);
  expect(bench.released()).toEqual([10, 20]);
  expect(bench.fatal).toEqual([]);
});

test.each([[1, 2], [2, 1]])("batches that are refused one after the other, %i first, are tried again one by one, the oldest first (H45)", async (first, second) => {
  const { persister, writes, clock, persisted, fatal } = new Bench();
  for (const sequence of [1, 2]) persister.persist(batch(sequence));
  writes[first - 1]!.done.reject(full);
  // When the first one is the older one, it is on its way again by now.
  await clock.advance(first === 1 ? 250 : 150);
  writes[second - 1]!.done.reject(full);
  await clock.advance(1_000);
  expect(writes.slice(2).map(({ sequence }) => sequence)).toEqual([1]);
  writes[2]!.done.resolve();
  await clock.settle();
  expect(writes.slice(3).map(({ sequence }) => sequence)).toEqual([2]);
  writes[3]!.done.resolve();
  await clock.advance(1_000);
  expect([persisted, fatal, writes.length]).toEqual([[1, 2], [], 4]);
});

test("a small batch behind one that has no room waits for it, though it would fit (H45)", async () => {
  // A log without room takes no entries, but still takes a vote or a term.
  let room = false;
  const durable: number[] = [];
  const bench = new Bench(async ({ sequence }) => {
    if (sequence === 1 && !room) throw full;
    durable.push(sequence);
  });
  bench.persister.persist(batch(1));
  await bench.clock.settle();
  bench.persister.persist(batch(2));
  await bench.clock.advance(3_000);
  expect(durable).toEqual([]);
  expect(bench.fatal).toEqual([]);
  room = true;
  await bench.clock.advance(1_000);
  expect(durable).toEqual([1, 2]);
  expect(bench.persisted).toEqual([1, 2]);
});

test("a full disk that says so at once is tried again too (S23, H45)", async () => {
  let room = false;
  const bench = new Bench(() => {
    if (!room) throw full;
  });
  bench.persister.persist(batch(1));
  await bench.clock.advance(1_000);
  expect(bench.persisted).toEqual([]);
  room = true;
  await bench.clock.advance(1_000);
  expect(bench.persisted).toEqual([1]);
});

test("any other failure is fatal and is not tried again (H43)", async () => {
  const broken = new RaftctlError("IO_ERROR", "EIO");
  const later = new Bench();
  later.persister.persist(batch(1));
  later.writes[0]!.done.reject(broken);
  await later.clock.advance(2_000);
  expect(later.fatal).toEqual([broken]);
  expect(later.writes).toHaveLength(1);

  const atOnce = new Bench(() => {
    throw broken;
  });
  atOnce.persister.persist(batch(1));
  expect(atOnce.fatal).toEqual([broken]);
});

test("a storage that completes out of order is found out and is fatal, not believed (H17)", async () => {
  const bench = new Bench();
  for (const sequence of [1, 2]) bench.persister.persist(batch(sequence));
  bench.persister.hold([dependent(2, 20)]);
  bench.writes[1]!.done.resolve();
  await bench.clock.settle();
  expect(bench.fatal).toHaveLength(1);
  expect(bench.released()).toEqual([]);
});

test("after stop nothing is reported, released or tried again", async () => {
  const bench = new Bench();
  bench.persister.hold([dependent(1, 10)]);
  bench.persister.persist(batch(1));
  bench.persister.persist(batch(2));
  bench.writes[0]!.done.reject(full);
  await bench.clock.settle();
  bench.persister.stop();
  bench.writes[1]!.done.reject(new RaftctlError("IO_ERROR", "EIO"));
  await bench.clock.advance(2_000);
  expect(bench.writes).toHaveLength(2);
  expect([bench.persisted, bench.fatal, bench.released()]).toEqual([[], [], []]);
});
