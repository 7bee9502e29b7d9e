// When the storage is told to save what was applied.

import { expect, test } from "vitest";
import { RaftctlError } from "../../src/base/errors.ts";
import type { RaftStorage } from "../../src/host/raft-storage.ts";
import { Saver, saveIntervalMs } from "../../src/host/saver.ts";
import { Cluster } from "./support/cluster.ts";
import { VirtualClock } from "./support/virtual-clock.ts";

class Bench {
  readonly clock = new VirtualClock();
  readonly saves: number[] = [];
  readonly fatal: Error[] = [];
  readonly saver: Saver;

  constructor(save?: () => Promise<void> | void) {
    const storage = { save: save ?? (() => void this.saves.push(this.clock.now())) } as unknown as RaftStorage;
    this.saver = new Saver(storage, this.clock, (error) => void this.fatal.push(error));
  }
}

test("what was applied is saved an interval after the first entry, once for all that came meanwhile, and again for what comes later (S116)", async () => {
  const { clock, saver, saves } = new Bench();
  saver.applied();
  await clock.advance(saveIntervalMs - 1);
  saver.applied();
  expect(saves).toEqual([]);
  await clock.advance(1);
  expect(saves).toHaveLength(1);
  await clock.advance(10 * saveIntervalMs);
  expect(saves).toHaveLength(1);
  saver.applied();
  await clock.advance(saveIntervalMs);
  expect(saves).toHaveLength(2);
});

test("after the stop nothing is saved", async () => {
  const { clock, saver, saves } = new Bench();
  saver.applied();
  saver.stop();
  await clock.advance(saveIntervalMs);
  expect(saves).toEqual([]);
});

test("a storage that cannot save, at once or later, ends the node", async () => {
  const full = new RaftctlError("NO_SPACE", "the disk is full");
  for (const save of [() => { throw full; }, () => Promise.reject(full)]) {
    const { clock, saver, fatal } = new Bench(save);
    saver.applied();
    await clock.advance(saveIntervalMs);
    await expect.poll(() => fatal).toEqual([full]);
  }
});

test("a storage that has nothing to save is left alone", async () => {
  const clock = new VirtualClock();
  const fatal: Error[] = [];
  const saver = new Saver({} as RaftStorage, clock, (error) => void fatal.push(error));
  saver.applied();
  await clock.advance(saveIntervalMs);
  expect(fatal).toEqual([]);
});

test("every node of a cluster saves what it has applied soon after a write, and when nothing is written not again (S116)", async () => {
  const cluster = await Cluster.led({ variant: "at once" });
  const { index } = await cluster.write("a");
  await cluster.converge();
  await cluster.clock.advance(saveIntervalMs);
  const saves = cluster.nodes.map(({ storage }) => storage.saves.at(-1));
  expect(saves).toEqual(cluster.nodes.map(() => index));
  const times = cluster.nodes.map(({ storage }) => storage.saves.length);
  await cluster.clock.advance(10 * saveIntervalMs);
  expect(cluster.nodes.map(({ storage }) => storage.saves.length)).toEqual(times);
  cluster.stop();
});
