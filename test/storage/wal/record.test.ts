import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32 as pureCrc32 } from "../../../src/base/crc.ts";
import { parseRegionId } from "../../../src/base/ids.ts";
import { entryTypes, type Entry, type EntryType } from "../../../src/raft/entry.ts";
import { decodeEntries, encodeEntries, entryMemory, recordHeaderBytes, recordOf } from "../../../src/storage/wal/record.ts";
import { crc32, entries, entry, region } from "./fixtures.ts";

function plain(held: readonly Entry[]): Omit<Entry, "isRecorded">[] {
  return held.map(({ index, term, type, data }) => ({ index, term, type, data }));
}

const runs = fc.tuple(
  fc.integer({ min: 1, max: 2 ** 52 }),
  fc.array(fc.record({ growth: fc.nat(3), type: fc.constantFrom<EntryType>(0, 1, 2), data: fc.uint8Array({ maxLength: 40 }) }), { maxLength: 12 }),
).map(([first, parts]): Entry[] => {
  let term = 1;
  return parts.map(({ growth, type, data }, place) => ({ index: first + place, term: (term += growth), type, data: type === 0 ? new Uint8Array(0) : data }));
});

test("a run of entries survives encoding and decoding", () => {
  fc.assert(fc.property(runs, (held) => {
    expect(plain(decodeEntries(encodeEntries(held, region, crc32), region, crc32))).toEqual(plain(held));
  }));
});

test("the bytes of a record are fixed", () => {
  const run = encodeEntries([{ index: 258, term: 3, type: entryTypes.command, data: new Uint8Array([0xaa, 0xbb]) }], parseRegionId(7), pureCrc32);
  expect(Buffer.from(run).toString("hex")).toBe(["1f000000", "6f8a2b0a", "01", "07000000", "0300000000000000", "0201000000000000", "aabb"].join(""));
});

test("a record is made once: entries that have one go in byte for byte, and those that lie together are not copied", () => {
  const held = entries(1, 5);
  const run = encodeEntries(held, region, crc32);
  expect(recordOf(held[2]!).buffer).toBe(run.buffer);
  expect(encodeEntries(held.slice(1, 4), region, crc32).buffer).toBe(run.buffer);
  expect(encodeEntries(held.slice(1, 4), region, crc32)).toEqual(run.subarray(recordOf(held[0]!).length, run.length - recordOf(held[4]!).length));
  const mixed = [held[0]!, entry(2), held[2]!];
  expect(plain(decodeEntries(encodeEntries(mixed, region, crc32), region, crc32))).toEqual(plain(entries(1, 3)));
});

test("decoded entries are views of the run", () => {
  const run = encodeEntries(entries(1, 3), region, crc32);
  for (const each of decodeEntries(run, region, crc32)) expect([each.data.buffer, recordOf(each).buffer]).toEqual([run.buffer, run.buffer]);
  expect(decodeEntries(new Uint8Array(0), region, crc32)).toEqual([]);
});

test("each single-bit flip, each cut and each repeated byte in a run is refused with BAD_FRAME (H42, T12)", () => {
  const run = encodeEntries(entries(1, 4, 1, 20), region, crc32);
  for (let bit = 0; bit < run.length * 8; bit += 1) {
    const copy = run.slice();
    copy[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => decodeEntries(copy, region, crc32)).toThrow(expect.objectContaining({ code: "BAD_FRAME" }) as Error);
  }
  for (let length = 1; length < run.length; length += 1) {
    if (length % (recordHeaderBytes + 20) === 0) continue;
    expect(() => decodeEntries(run.subarray(0, length), region, crc32)).toThrow(expect.objectContaining({ code: "BAD_FRAME" }) as Error);
  }
});

test("a run with a sound checksum and no sense is refused: foreign region, gap, falling term, index or term 0, no-op with a payload, unknown kind (T12)", () => {
  const bad: readonly [Entry[], string][] = [
    [[entry(1), entry(3)], "index 3 follows index 1"],
    [[entry(2), entry(2)], "index 2 follows index 2"],
    [[entry(1, 5), entry(2, 4)], "term 4 at index 2 follows term 5"],
    [[entry(0)], "an entry has term 1 and index 0"],
    [[entry(1, 0)], "an entry has term 0 and index 1"],
    [[{ ...entry(1), type: entryTypes.noop }], "no-op 1 has a payload"],
    [[{ ...entry(1), type: 3 as EntryType }], "record kind 3 is not an entry"],
    [[{ ...entry(1), type: 16 as EntryType }], "record kind 16 is not an entry"],
    [[{ ...entry(1), index: 2 ** 60 }], "and index NaN"],
  ];
  for (const [held, reason] of bad) {
    expect(() => decodeEntries(encodeEntries(held, region, crc32), region, crc32)).toThrow(reason);
  }
  const foreign = encodeEntries([entry(1)], parseRegionId(2), crc32);
  expect(() => decodeEntries(foreign, region, crc32)).toThrow("a record belongs to region 2, not 1");
});

test("no bytes make the decoder do anything but return entries or refuse (S14, T1)", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
    try {
      decodeEntries(bytes, region, crc32);
    } catch (error) {
      expect(error).toMatchObject({ code: "BAD_FRAME" });
    }
  }), { numRuns: 2000 });
});

test("entries whose data was given room for a header become records where they are; a gap, or a piece that ends, means that all of them move together", () => {
  const memory = entryMemory();
  const given = (index: number, bytes = 20): Entry => ({ index, term: 1, type: entryTypes.command, data: memory.take(bytes).fill(index) });
  const held = [given(1), given(2), given(3)];
  const { buffer } = held[0]!.data;
  const run = encodeEntries(held, region, crc32);
  expect(run.buffer).toBe(buffer);
  expect(plain(decodeEntries(run, region, crc32))).toEqual(plain(held));
  expect(held.every(({ data, isRecorded }) => data.buffer === buffer && isRecorded === true)).toBe(true);
  expect(encodeEntries(held.slice(1), region, crc32)).toEqual(encodeEntries(entries(2, 3).map((each) => ({ ...each, data: new Uint8Array(20).fill(each.index), term: 1 })), region, crc32));

  const fourth = given(4);
  memory.take(5);
  const apart = [fourth, given(5)];
  expect(encodeEntries(apart, region, crc32).buffer).not.toBe(buffer);
  expect(plain(apart).map(({ data }) => data)).toEqual([4, 5].map((index) => new Uint8Array(20).fill(index)));

  const large = [given(6, 1_500_000), given(7, 3)];
  expect(plain(decodeEntries(encodeEntries(large, region, crc32), region, crc32))).toEqual(plain(large));
  const mixed = [held[2]!, given(4)];
  expect(plain(decodeEntries(encodeEntries(mixed, region, crc32), region, crc32))).toEqual(plain(mixed));
});

test("what stands in front of data that came from elsewhere is left alone", () => {
  const shared = new Uint8Array(100).fill(7);
  const held: Entry = { index: 1, term: 1, type: entryTypes.command, data: shared.subarray(60, 70) };
  expect(plain(decodeEntries(encodeEntries([held], region, crc32), region, crc32))).toEqual([{ index: 1, term: 1, type: entryTypes.command, data: new Uint8Array(10).fill(7) }]);
  expect(shared).toEqual(new Uint8Array(100).fill(7));
});
