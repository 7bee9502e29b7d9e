// Digests at checkpoint indexes: the same on every machine with the same history, and part of its state (S42, H38, H39).

import { expect, test } from "vitest";
import { crc32 } from "../../src/base/crc.ts";
import { checkpointsMax, decodeCheckpoints, encodeCheckpoints } from "../../src/machine/checkpoints.ts";
import { checkpointsKey } from "../../src/machine/keyspace.ts";
import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { entryOf, put } from "./bytes-of.ts";

const interval = 4;

function machineWith(entries: number, store = new MemoryStore(), first = 1): Machine {
  const machine = new Machine({ store, checkpointInterval: interval });
  for (let index = first; index < first + entries; index += 1) machine.apply(entryOf(index, put(`k${index % 7}`, `v${index}`)));
  return machine;
}

test("a checkpoint stands at every interval, whether entries come one by one or in a run, and says what the digest was there", () => {
  const one = machineWith(10);
  const run = new Machine({ store: new MemoryStore(), checkpointInterval: interval });
  run.applyBatch(Array.from({ length: 10 }, (_, position) => entryOf(position + 1, put(`k${(position + 1) % 7}`, `v${position + 1}`))));
  expect(one.checkpoints.map(({ index }) => index)).toEqual([4, 8]);
  expect(run.checkpoints).toEqual(one.checkpoints);
  expect(machineWith(8).digest()).toBe(one.checkpoints[1]!.digest);
});

test("only the latest are kept, and a list that was handed out does not change", () => {
  const store = new MemoryStore();
  const machine = machineWith(interval * 2, store);
  const early = machine.checkpoints;
  for (let index = interval * 2 + 1; index <= interval * (checkpointsMax + 3); index += 1) machine.apply(entryOf(index, put("k", `${index}`)));
  expect(early.map(({ index }) => index)).toEqual([4, 8]);
  expect(machine.checkpoints).toHaveLength(checkpointsMax);
  expect(machine.checkpoints[0]!.index).toBe(4 * interval);
  expect(machine.checkpoints.at(-1)!.index).toBe(interval * (checkpointsMax + 3));
});

test("they survive a restart and travel in an image", async () => {
  const store = new MemoryStore();
  const machine = machineWith(21, store);
  expect(new Machine({ store, checkpointInterval: interval }).checkpoints).toEqual(machine.checkpoints);
  const image = machine.image();
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield* image.chunks();
  };
  const other = new Machine({ store: new MemoryStore(), checkpointInterval: interval });
  await other.restore({ index: image.index, term: image.term }, chunks());
  image.close();
  expect(other.checkpoints).toEqual(machine.checkpoints);
});

test("one entry that differs in one bit makes every later checkpoint another one", () => {
  const right = machineWith(20);
  const wrong = new Machine({ store: new MemoryStore(), checkpointInterval: interval });
  for (let index = 1; index <= 20; index += 1) wrong.apply(entryOf(index, put(`k${index % 7}`, index === 6 ? "v7" : `v${index}`)));
  const equal = right.checkpoints.map(({ digest }, position) => digest === wrong.checkpoints[position]!.digest);
  expect(equal).toEqual([true, false, false, false, false]);
});

test("a transaction that fails leaves the checkpoints as they were", () => {
  const store = new MemoryStore();
  const machine = machineWith(6, store);
  const before = machine.checkpoints;
  const transaction = store.transaction.bind(store);
  store.transaction = (write) => transaction((inside) => {
    write(inside);
    throw new Error("no space");
  });
  expect(() => machine.applyBatch([entryOf(7, put("a", "b")), entryOf(8, put("a", "c"))])).toThrow("no space");
  expect(machine.checkpoints).toEqual(before);
});

test("the row notices every flipped bit and every missing byte", () => {
  const row = encodeCheckpoints(machineWith(9).checkpoints, crc32);
  expect(decodeCheckpoints(row, crc32)).toEqual(machineWith(9).checkpoints);
  for (let bit = 0; bit < row.length * 8; bit += 1) {
    const flipped = row.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => decodeCheckpoints(flipped, crc32), `bit ${bit}`).toThrow("checksum");
  }
  for (let length = 0; length < row.length; length += 1) expect(() => decodeCheckpoints(row.subarray(0, length), crc32)).toThrow("checksum");
});

test("a damaged row is refused when the machine opens", () => {
  const store = new MemoryStore();
  machineWith(9, store);
  store.transaction((inside) => inside.put(checkpointsKey, new Uint8Array(12)));
  expect(() => new Machine({ store, checkpointInterval: interval })).toThrow("checkpoints");
});
