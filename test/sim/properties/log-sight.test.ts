// What a directory tells of its log, worked out from the disk.

import { expect, test } from "vitest";
import { crc32 } from "../../../src/base/crc.ts";
import { nodeLogOf } from "./log-sight.ts";
import { ReplicaDouble } from "./support/replica-double.ts";
import { runs, stopped, StoredDouble } from "./support/sights.ts";

test("a running node and the directory of one that was stopped with the same log tell the same entries", () => {
  const running = nodeLogOf(runs(new ReplicaDouble("n1", [1, 1, 2])), crc32);
  expect(nodeLogOf(stopped("n2", new StoredDouble({ terms: [1, 1, 2] })), crc32).entries).toEqual(running.entries);
  expect(running.entries.map(({ index, term, bytes }) => [index, term, bytes])).toEqual([[1, 1, 3], [2, 1, 3], [3, 2, 3]]);
});

test("a log on a disk gives way to a snapshot beyond its end, or that it disagrees with, and keeps one that it agrees with (Figure 13)", () => {
  const begin = { index: 2, term: 1 };
  const log = (snapshot: { index: number; term: number }): unknown => {
    const { start, entries, commitIndex } = nodeLogOf(stopped("n1", new StoredDouble({ begin, snapshot, terms: [1, 2, 2], commitIndex: 3 })), crc32);
    return [start, entries.map(({ term }) => term), commitIndex];
  };
  expect(log({ index: 9, term: 3 })).toEqual([{ index: 9, term: 3 }, [], 9]);
  expect(log({ index: 4, term: 1 })).toEqual([{ index: 4, term: 1 }, [], 4]);
  expect(log({ index: 4, term: 2 })).toEqual([begin, [1, 2, 2], 4]);
  expect(log({ index: 2, term: 1 })).toEqual([begin, [1, 2, 2], 3]);
});

test("a hint of commits reaches no further than the log, and what cannot be read ends it", () => {
  const disk = new StoredDouble({ terms: [1, 1, 1], commitIndex: 9 });
  expect(nodeLogOf(stopped("n1", disk), crc32)).toMatchObject({ commitIndex: 3, damage: null });
  disk.unreadable = 2;
  const { entries, damage, commitIndex } = nodeLogOf(stopped("n1", disk), crc32);
  expect([entries.length, damage, commitIndex]).toEqual([1, "the record of index 2 cannot be read", 1]);
});
