// A range that is larger than one answer may be.

import { expect, test } from "vitest";
import { limits } from "../../src/wire/limits.ts";
import { startCluster } from "./support/cluster.ts";

test("a range of any size is read page by page, and every page fits into an answer (T26)", { timeout: 60_000 }, async () => {
  await using fixture = await startCluster(1);
  const { kv } = fixture.client(fixture.leader());
  const sizes = [...Array.from({ length: 22 }, () => 100_000), limits.valueBytesMax, 1, limits.valueBytesMax];
  for (const [place, size] of sizes.entries()) await kv.put(`large/${String(place).padStart(2, "0")}`, "x".repeat(size));
  const read: number[] = [];
  let pages = 0;
  for await (const { records } of kv.pages({ start: "large/", end: "large0" })) {
    pages += 1;
    for (const { value } of records) read.push(value.length);
  }
  expect(read).toEqual(sizes);
  expect(pages).toBeGreaterThan(3);
  for (let count = 0; count < 9_000; count += 1000) await Promise.all(Array.from({ length: 1000 }, (_, place) => kv.put(`small/${count + place}`, "")));
  expect((await kv.prefix("small/")).records).toHaveLength(9_000);
});
