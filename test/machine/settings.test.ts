// Settings of the cluster and the size of its data: replicated, part of the digest, in snapshots, and the same on every node (S42).

import { expect, test } from "vitest";
import fc from "fast-check";
import { utf8 } from "../../src/base/bytes.ts";
import { crc32 } from "../../src/base/crc.ts";
import { positionKey } from "../../src/machine/keyspace.ts";
import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { decodePosition, encodePosition } from "../../src/machine/position.ts";
import type { Command } from "../../src/wire/command.ts";
import { append, del, entryOf, put } from "./bytes-of.ts";

const set = (name: string, value: string): Command => ({ operation: "set", key: utf8(name), value: utf8(value) });

function machineWith(commands: readonly Command[], store = new MemoryStore()): Machine {
  const machine = new Machine({ store });
  for (const command of commands) machine.apply(entryOf(machine.lastApplied + 1, command));
  return machine;
}

async function restored(machine: Machine): Promise<Machine> {
  const image = machine.image();
  const other = new Machine({ store: new MemoryStore() });
  await other.restore({ index: image.index, term: image.term }, (async function* () { yield* image.chunks(); })());
  image.close();
  return other;
}

test("the last value counts, also after a restart and in a snapshot; what was never set is undefined", async () => {
  const store = new MemoryStore();
  const machine = machineWith([set("a", "1"), set("b", "x"), set("a", "2")], store);
  for (const each of [machine, new Machine({ store }), await restored(machine)]) expect([each.setting("a"), each.setting("b"), each.setting("c")]).toEqual(["2", "x", undefined]);
});

test("a setting is part of the digest, and neither a key nor in any range", () => {
  const [one, other] = [machineWith([set("a", "1")]), machineWith([set("a", "2")])];
  expect(one.digest()).not.toBe(other.digest());
  expect([one.recordCount, one.get(utf8("a"))]).toEqual([0, undefined]);
});

/** Of all rows that hold data, as they lie in the store: neither position, checkpoints nor sessions. */
function bytesIn(store: MemoryStore): number {
  return [...store.range({})].filter(({ key }) => [0x02, 0x10, 0x30, 0x31].includes(key[0]!)).reduce((sum, { key, value }) => sum + key.length + value.length, 0);
}

const word = fc.constantFrom("a", "b", "cc", "ddd");
const commands = fc.array(fc.oneof(
  fc.tuple(word, fc.string({ maxLength: 40 })).map(([key, value]) => put(key, value)),
  word.map((key) => del(key)),
  fc.tuple(word, word).map(([start, end]): Command => ({ operation: "deleteRange", start: utf8(start < end ? start : end), end: utf8(start < end ? end : start) })),
  fc.tuple(word, fc.string({ maxLength: 40 })).map(([stream, data]) => append(stream, data)),
  fc.tuple(word, fc.string({ maxLength: 20 })).map(([name, value]) => set(name, value)),
), { maxLength: 60 });

test("the size of the data is that of its rows after any history, and a snapshot brings it along", async () => {
  await fc.assert(fc.asyncProperty(commands, async (history) => {
    const store = new MemoryStore();
    const machine = machineWith(history, store);
    expect(machine.dataBytes).toBe(bytesIn(store));
    expect([new Machine({ store }).dataBytes, (await restored(machine)).dataBytes]).toEqual([machine.dataBytes, machine.dataBytes]);
  }), { numRuns: 150 });
});

test("an image whose size or setting was changed is refused", async () => {
  const store = new MemoryStore();
  machineWith([set("a", "1"), put("k", "v")], store);
  const row = [...store.range({})].find(({ key }) => key[0] === 0x02)!;
  const spoilt = row.value.slice();
  spoilt[spoilt.length - 1]! ^= 1;
  store.transaction((inside) => inside.put(row.key, spoilt));
  expect(() => new Machine({ store })).toThrow("setting");
});

test("an image that counts other bytes than it has is refused", async () => {
  const store = new MemoryStore();
  const machine = machineWith([put("k", "v")], store);
  const image = machine.image();
  const position = decodePosition(store.get(positionKey), crc32);
  store.transaction((inside) => inside.put(positionKey, encodePosition({ ...position, bytes: position.bytes + 1 }, crc32)));
  const wrong = new Machine({ store }).image();
  const other = new Machine({ store: new MemoryStore() });
  await expect(other.restore({ index: 1, term: 1 }, (async function* () { yield* wrong.chunks(); })())).rejects.toThrow("records that do not fit");
  await other.restore({ index: 1, term: 1 }, (async function* () { yield* image.chunks(); })());
  expect(other.dataBytes).toBe(machine.dataBytes);
});
