// The memory of what a node has written: what stood where, and in which order.

import { expect, test } from "vitest";
import { WrittenLog } from "./written-log.ts";

test("it knows what ever stood at an index, and what came after what", () => {
  const written = new WrittenLog();
  for (const term of [5, 4, 4, 6]) written.wrote(3, term);
  expect([written.has(3, 4), written.has(3, 7), written.has(2, 5)]).toEqual([true, false, false]);
  expect([written.mayFollow(3, 4, 5), written.mayFollow(3, 5, 4), written.mayFollow(3, 6, 4)]).toEqual([true, false, true]);
});

test("an entry that came back may follow the one that had replaced it", () => {
  const written = new WrittenLog();
  for (const term of [5, 4, 5]) written.wrote(3, term);
  expect([written.mayFollow(3, 5, 4), written.mayFollow(3, 4, 5)]).toEqual([true, true]);
});

test("what a durable snapshot holds is forgotten", () => {
  const written = new WrittenLog();
  written.wrote(3, 1);
  written.wrote(4, 1);
  written.forgetUpTo(3);
  expect([written.has(3, 1), written.has(4, 1)]).toEqual([false, true]);
});
