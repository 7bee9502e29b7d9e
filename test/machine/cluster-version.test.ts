// The finalized cluster version in the state machine: it only goes up, and a program that does not know it neither applies, nor opens, nor restores it.

import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { clusterVersions, clusterVersionSetting, type ClusterVersions } from "../../src/wire/cluster-version.ts";
import type { Command } from "../../src/wire/command.ts";
import { contentOf, entryOf, noopOf, put, resultOf } from "./bytes-of.ts";

const upTo = (newest: number, oldest = 1): ClusterVersions => ({ ...clusterVersions, oldest, newest });
const finalize = (level: string): Command => ({ operation: "set", key: utf8(clusterVersionSetting), value: utf8(level) });

function machineOf(versions: ClusterVersions, commands: readonly Command[] = [], store = new MemoryStore()): { machine: Machine; store: MemoryStore; statuses: string[] } {
  const machine = new Machine({ store, versions });
  const statuses = commands.map((command) => resultOf(machine.apply(entryOf(machine.lastApplied + 1, command))).status);
  return { machine, store, statuses };
}

async function restore(from: Machine, into: Machine): Promise<void> {
  const image = from.image();
  try {
    await into.restore({ index: image.index, term: image.term }, (async function* () { yield* image.chunks(); })());
  } finally {
    image.close();
  }
}

test("it begins at 1 and goes up, never down; what is no level is no command", () => {
  const { machine, statuses } = machineOf(upTo(3), [finalize("2"), finalize("3"), finalize("2"), finalize("3"), finalize("two"), finalize("0"), finalize("")]);
  expect(statuses).toEqual(["ok", "ok", "conflict", "ok", "invalid", "invalid", "invalid"]);
  expect([machine.level, machineOf(upTo(3)).machine.level]).toEqual([3, 1]);
});

test("a level that this program does not know stops it before the entry takes effect, with everything applied before it", () => {
  const { machine, store } = machineOf(upTo(2), [put("k", "v"), finalize("2")]);
  const before = contentOf(store);
  expect(() => machine.applyBatch([entryOf(3, put("k", "w")), entryOf(4, finalize("3"))])).toThrow(expect.objectContaining({ code: "INCOMPATIBLE", message: "the cluster has finalized version 3, this program knows 1 to 2" }));
  expect([contentOf(store), machine.lastApplied, machine.level]).toEqual([before, 2, 2]);
});

test("a state is opened by programs whose range holds its level, and by no others; nothing in it changes", () => {
  const { store } = machineOf(upTo(3), [finalize("2")]);
  const before = contentOf(store);
  for (const versions of [upTo(1), upTo(4, 3)]) expect(() => new Machine({ store, versions })).toThrow(expect.objectContaining({ code: "INCOMPATIBLE" }));
  for (const versions of [upTo(2), upTo(3), upTo(2, 2)]) expect(new Machine({ store, versions }).level).toBe(2);
  expect(contentOf(store)).toEqual(before);
});

test("an image of another level is refused before it replaces anything", async () => {
  const { machine } = machineOf(upTo(2), [put("k", "v"), finalize("2")]);
  const older = machineOf(upTo(1), [put("own", "state")]);
  const before = contentOf(older.store);
  await expect(restore(machine, older.machine)).rejects.toMatchObject({ code: "INCOMPATIBLE" });
  expect([contentOf(older.store), older.machine.lastApplied]).toEqual([before, 1]);
  await expect(restore(older.machine, machineOf(upTo(3, 2)).machine)).rejects.toMatchObject({ code: "INCOMPATIBLE" });
  const equal = machineOf(upTo(2, 2)).machine;
  await restore(machine, equal);
  expect(equal.level).toBe(2);
});

test("an empty state says nothing of a level: a program that serves no old ones can still begin with it", () => {
  const { machine } = machineOf(upTo(3, 2));
  machine.apply(noopOf(1));
  expect(machine.lastApplied).toBe(1);
});

test("only that very name is a version: other settings hold what they like", () => {
  const other: Command = { operation: "set", key: utf8(`${clusterVersionSetting}s`), value: utf8("999") };
  const { machine, statuses } = machineOf(upTo(1), [other]);
  expect([statuses, machine.level]).toEqual([["ok"], 1]);
});
