import { describe, expect, test } from "vitest";
import { concatBytes, utf8, writeU32 } from "../../src/base/bytes.ts";
import { crc32 } from "../../src/base/crc.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import { Prng } from "../../src/base/prng.ts";
import { isLocal } from "../../src/machine/keyspace.ts";
import { decodeImage, encodeImage, encodeImageAsync } from "../../src/machine/image.ts";
import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { imageChunkBytes } from "../../src/machine/state-machine.ts";
import type { KeyValue } from "../../src/machine/store.ts";
import { asyncOf, stateOf, entryOf, hex, pair, put, resultOf, stamp } from "./bytes-of.ts";

function filled(entries = 300): { machine: Machine; store: MemoryStore } {
  const store = new MemoryStore();
  const machine = new Machine({ store });
  const prng = new Prng(entries);
  for (let index = 1; index <= entries; index += 1) {
    const session = stamp(1 + (index % 5), Math.ceil(index / 5));
    machine.apply(entryOf(index, put(`key-${prng.integer(0, 99)}`, "x".repeat(prng.integer(0, 50)), { session, wantPrevious: index % 7 === 0 }), 3));
  }
  return { machine, store };
}

function bytesOf(machine: Machine): Uint8Array {
  const image = machine.image();
  const bytes = concatBytes([...image.chunks()]);
  image.close();
  return bytes;
}

function* cut(bytes: Uint8Array, sizeOf: () => number): Generator<Uint8Array> {
  for (let offset = 0; offset < bytes.length;) {
    const size = sizeOf();
    yield bytes.subarray(offset, offset + size);
    offset += size;
  }
}

const isCorrupt = expect.toSatisfy((error) => error instanceof RaftctlError && error.code === "CORRUPT");

test("an image restored gives the same content, digest and bytes again; restoring twice changes nothing (H36, S114)", async () => {
  const { machine, store } = filled();
  const bytes = bytesOf(machine);
  const otherStore = new MemoryStore();
  const other = new Machine({ store: otherStore });
  for (let times = 0; times < 2; times += 1) {
    await other.restore({ index: 300, term: 3 }, asyncOf([bytes]));
    expect(stateOf(otherStore)).toEqual(stateOf(store));
    expect(hex(bytesOf(other))).toBe(hex(bytes));
  }
  expect([other.lastApplied, other.lastAppliedTerm, other.digest(), other.recordCount]).toEqual([300, 3, machine.digest(), machine.recordCount]);
  const next = entryOf(301, put("key-1", "next", { session: stamp(1, 61) }), 3);
  expect(other.apply(next)).toEqual(machine.apply(next));
  expect(other.digest()).toBe(machine.digest());
});

test("equal content gives equal bytes, however it came about (H36)", () => {
  const one = new Machine({ store: new MemoryStore() });
  const other = new Machine({ store: new MemoryStore() });
  const entries = Array.from({ length: 90 }, (_, index) => entryOf(index + 1, put(`k${(index * 37) % 50}`, String(index), { session: stamp(1 + (index % 4), 1 + Math.floor(index / 4)) })));
  one.applyBatch(entries);
  for (const entry of entries) other.apply(entry);
  expect(hex(bytesOf(one))).toBe(hex(bytesOf(other)));
});

test("the empty machine has an image too", async () => {
  const bytes = bytesOf(new Machine({ store: new MemoryStore() }));
  const machine = new Machine({ store: new MemoryStore() });
  await expect(machine.restore({ index: 0, term: 0 }, asyncOf([bytes]))).resolves.toBeUndefined();
  expect(machine.lastApplied).toBe(0);
});

test("an image says the index of its own content and keeps it while entries are applied (H35)", () => {
  const { machine } = filled(50);
  const before = hex(bytesOf(machine));
  const image = machine.image();
  const chunks: Uint8Array[] = [];
  for (const chunk of image.chunks()) {
    machine.apply(entryOf(machine.lastApplied + 1, put("key-1", "changed"), 3));
    chunks.push(chunk);
  }
  machine.apply(entryOf(machine.lastApplied + 1, put("key-2", "changed"), 3));
  expect([image.index, image.term]).toEqual([50, 3]);
  expect(hex(concatBytes(chunks))).toBe(before);
  expect(hex(concatBytes([...image.chunks()]))).toBe(before);
  image.close();
  expect(machine.lastApplied).toBeGreaterThan(50);
});

test("chunks are bounded, whatever the size of the values, and may be cut anywhere on the way", async () => {
  const store = new MemoryStore();
  const machine = new Machine({ store });
  for (let index = 1; index <= 3; index += 1) machine.apply(entryOf(index, put(`k${index}`, "x".repeat(400_000 * index - 200_000))));
  const image = machine.image();
  const chunks = [...image.chunks()];
  image.close();
  expect(chunks.length).toBeGreaterThan(10);
  expect(chunks.slice(0, -1).every((chunk) => chunk.length === imageChunkBytes)).toBe(true);
  expect(chunks.at(-1)!.length).toBeLessThanOrEqual(imageChunkBytes);
  const small = filled(60);
  for (const sizeOf of [() => 1, () => 7]) await restoreFrom(bytesOf(small.machine), sizeOf, small.store, 60);
  const prng = new Prng(4);
  for (const sizeOf of [() => 100_003, () => prng.integer(1, 300_000)]) await restoreFrom(concatBytes(chunks), sizeOf, store, 3);
});

async function restoreFrom(bytes: Uint8Array, sizeOf: () => number, original: MemoryStore, index: number): Promise<void> {
  const store = new MemoryStore();
  const term = index === 3 ? 1 : 3;
  await new Machine({ store }).restore({ index, term }, asyncOf(cut(bytes, sizeOf)));
  expect(stateOf(store)).toEqual(stateOf(original));
}

describe("an image that is not undamaged is CORRUPT, and the old content stays", () => {
  async function refused(bytes: Uint8Array, position = { index: 60, term: 3 }): Promise<void> {
    const { machine, store } = filled(10);
    const before = stateOf(store);
    await expect(machine.restore(position, asyncOf(cut(bytes, () => 4096)))).rejects.toThrow(isCorrupt);
    expect(stateOf(store)).toEqual(before);
    expect(machine.lastApplied).toBe(10);
    expect(resultOf(machine.apply(entryOf(11, put("a", "1"), 3))).status).toBe("ok");
  }

  const sound = bytesOf(filled(60).machine);

  test("when any one bit is flipped", async () => {
    const prng = new Prng(11);
    for (let round = 0; round < 150; round += 1) {
      const bytes = new Uint8Array(sound);
      bytes[prng.integer(0, bytes.length - 1)]! ^= 1 << prng.integer(0, 7);
      await refused(bytes);
    }
  });

  test("when it is cut short at any place, or goes on behind its end", async () => {
    const prng = new Prng(12);
    for (let round = 0; round < 60; round += 1) await refused(sound.subarray(0, prng.integer(0, sound.length - 1)));
    await refused(concatBytes([sound, Uint8Array.of(0)]));
    await refused(concatBytes([sound, sound]));
    await refused(new Uint8Array(0));
  });

  test("when it is of another position than was announced", async () => {
    await refused(sound, { index: 61, term: 3 });
    await refused(sound, { index: 60, term: 4 });
  });

  test("when its checksum is right but its rows are not a state", async () => {
    const { store } = filled(60);
    const rows = [...store.range({})];
    const forgeries: Record<string, KeyValue[]> = {
      "a record is missing": rows.filter((_, index) => index !== rows.findIndex(({ key }) => key[0] === 0x10)),
      "there is no position": rows.slice(1),
      "a row of an unknown kind": [...rows, pair("~", "x")],
      "a row of an unknown kind with the prefix of the position": [rows[0]!, { key: Uint8Array.of(0, 1), value: rows[0]!.value }, ...rows.slice(1)],
      "an empty user key": [rows[0]!, { key: Uint8Array.of(0x10), value: utf8("x") }, ...rows.slice(1)],
      "keys that do not ascend": [rows[0]!, rows[2]!, rows[1]!, ...rows.slice(3)],
      "a key twice": [rows[0]!, rows[1]!, rows[1]!, ...rows.slice(2)],
      "a changed session": rows.map((row) => (row.key[0] === 0x20 ? { ...row, value: row.value.map((byte, at) => (at === 9 ? byte ^ 1 : byte)) } : row)),
      "a session row of another size": rows.map((row) => (row.key[0] === 0x20 ? { ...row, value: new Uint8Array(7) } : row)),
      "a changed large result": rows.map((row) => (row.key[0] === 0x21 ? { ...row, value: new Uint8Array(row.value).fill(1) } : row)),
    };
    for (const forged of Object.values(forgeries)) await refused(concatBytes([...encodeImage(forged, crc32)]));
  });

  test("when a length in it is a bomb: it is refused before anything is collected", async () => {
    let pulled = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      const head = new Uint8Array(8 + 6);
      head.set(sound.subarray(0, 8));
      head[8] = 1;
      writeU32(head, 10, 0xffff_ffff);
      yield head;
      for (;;) {
        pulled += 1;
        yield new Uint8Array(imageChunkBytes);
      }
    }
    await expect(new Machine({ store: new MemoryStore() }).restore({ index: 1, term: 1 }, endless())).rejects.toThrow(isCorrupt);
    expect(pulled).toBeLessThanOrEqual(1);
  });
});

test("while an image is being restored nothing is applied, and a snapshot never moves lastApplied back (H33)", async () => {
  const { machine } = filled(20);
  await expect(machine.restore({ index: 19, term: 3 }, asyncOf([]))).rejects.toThrow("never moves lastApplied back");
  const restoring = machine.restore({ index: 60, term: 3 }, asyncOf([bytesOf(filled(60).machine)]));
  expect(() => machine.apply(entryOf(21, put("a", "1"), 3))).toThrow("while an image is being restored");
  await restoring;
  expect(machine.lastApplied).toBe(60);
});

test("keys that come twice or do not ascend are refused at once, whatever the rows are", async () => {
  for (const pairs of [[pair("a", "1"), pair("a", "1")], [pair("b", "1"), pair("a", "1")]]) {
    const decoding = async () => {
      for await (const { key } of decodeImage(asyncOf(encodeImage(pairs, crc32)), crc32)) expect(key).toHaveLength(1);
    };
    await expect(decoding()).rejects.toThrow("do not ascend");
  }
});

test("pairs come back one by one as they were", async () => {
  const pairs = [pair("a", ""), pair("b", "x".repeat(200_000)), pair("c", "3")];
  const decoded: string[] = [];
  for await (const { key, value } of decodeImage(asyncOf(encodeImage(pairs, crc32)), crc32)) decoded.push(hex(key) + hex(value));
  expect(decoded).toEqual(pairs.map(({ key, value }) => hex(key) + hex(value)));
});

test("pairs that come one by one are encoded to the same bytes", async () => {
  const { machine, store } = filled();
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeImageAsync(asyncOf(Array.from(store.range({})).filter(({ key }) => !isLocal(key))), crc32)) chunks.push(chunk);
  expect(hex(concatBytes(chunks))).toBe(hex(bytesOf(machine)));
});
