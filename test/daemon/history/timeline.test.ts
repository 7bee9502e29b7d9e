// Spans of a key's history: in order, none over another, and as few as there are contents.

import { expect, test } from "vitest";
import { Timeline } from "../../../src/daemon/history/timeline.ts";
import type { KeyAt } from "../../../src/wire/key-history.ts";

function record(modIndex: number): KeyAt {
  return { value: new Uint8Array(1), version: modIndex, createIndex: 1, modIndex };
}

function shown({ spans }: Timeline): unknown {
  return spans.map(({ first, last, record: held }) => [first, last, held?.version]);
}

test("indexes at which the key is the same are one span, and a gap ends it", () => {
  const timeline = new Timeline();
  for (const index of [1, 2]) timeline.add(index, undefined);
  for (const index of [3, 4]) timeline.add(index, record(3));
  timeline.add(5, record(5));
  timeline.add(9, record(5));
  timeline.add(9, undefined);
  expect(shown(timeline)).toEqual([[1, 2, undefined], [3, 4, 3], [5, 5, 5], [9, 9, 5]]);
});

test("a record reaches back to its last write, over what was known in between and over gaps", () => {
  const timeline = new Timeline();
  for (const index of [1, 2]) timeline.add(index, record(1));
  for (const index of [4, 5, 7]) timeline.add(index, record(4));
  timeline.reachBack(12, record(4));
  timeline.add(13, record(4));
  expect(shown(timeline)).toEqual([[1, 2, 1], [4, 13, 4]]);
  timeline.reachBack(20, record(11));
  expect(shown(timeline)).toEqual([[1, 2, 1], [4, 10, 4], [11, 20, 11]]);
});
