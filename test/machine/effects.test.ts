import { expect, test } from "vitest";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import { crc32 } from "../../src/base/crc.ts";
import { type IndexEffects } from "../../src/machine/effect-row.ts";
import { effectRowBytesMax, latestBytesMax, rowsForgottenPerBatch } from "../../src/machine/effects.ts";
import { effectsKey, firstRetainedKey, latestEffectsKey, prefixes } from "../../src/machine/keyspace.ts";
import { Machine } from "../../src/machine/machine.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import type { AppliedEntry } from "../../src/machine/state-machine.ts";
import type { Command } from "../../src/wire/command.ts";
import { append, asyncOf, del, entryOf, noopOf, put, resultOf, stamp } from "./bytes-of.ts";

/** A machine with the log that it has applied. */
class Applied {
  store = new MemoryStore();
  machine = new Machine({ store: this.store });
  readonly log: AppliedEntry[] = [];

  run(...commands: Command[]): void {
    this.runAll(commands);
  }

  runAll(commands: readonly Command[]): void {
    const entries = commands.map((command, place) => entryOf(this.machine.lastApplied + 1 + place, command));
    for (const entry of entries) this.log.push(entry);
    this.machine.applyBatch(entries);
  }

  effects(from = 1, forgotten = 0): IndexEffects[] {
    const dataOf = (index: number): Uint8Array | undefined => (index <= forgotten ? undefined : this.log.find((entry) => entry.index === index)?.data);
    return [...this.machine.effectsFrom(from, { rows: 1_000, dataOf })];
  }

  /** "3 put a=1 v2 c1" */
  told(from = 1): string[] {
    return this.effects(from).flatMap(({ index, effects }) =>
      effects === "lost" ? [`${index} lost`] : effects.map(({ kind, key, value, version, createIndex }) =>
        kind === "put" ? `${index} put ${utf8Text(key)}=${utf8Text(value)} v${version} c${createIndex}` : `${index} delete ${utf8Text(key)}`));
  }

  /** Those that were put away. */
  rows(): number {
    return [...this.store.range({ start: Uint8Array.of(prefixes.effects), end: Uint8Array.of(prefixes.effects + 1) })].length;
  }

  /** A batch that is put away at once. */
  runLarge(): void {
    this.runAll(Array.from({ length: latestBytesMax / 8 }, () => put("k", "")));
  }
}

function deleteRange(start: string, end: string | undefined): Command {
  return { operation: "deleteRange", start: utf8(start), end: end === undefined ? undefined : utf8(end) };
}

test("every operation tells what it has changed, with key, value, version and createIndex, in order, and nothing else", () => {
  const applied = new Applied();
  applied.run(put("a", "1"), put("b", "2"), put("a", "3"), del("b"), append("s", "x"), put("empty", ""));
  applied.run(put("c", "4"), deleteRange("a", "d"), put("a", "5"));
  expect(applied.told()).toEqual([
    "1 put a=1 v1 c1", "2 put b=2 v1 c2", "3 put a=3 v2 c1", "4 delete b", "6 put empty= v1 c6",
    "7 put c=4 v1 c7", "8 delete a", "8 delete c", "9 put a=5 v1 c9",
  ]);
});

test("what did not come about is not told: a condition that does not hold, a key that is not there, an empty range, a repeated command", () => {
  const applied = new Applied();
  applied.run(put("a", "1", { session: stamp(7, 1) }));
  applied.run(
    put("a", "2", { condition: { kind: "absent" } }), del("a", { condition: { kind: "version", version: 9 } }), del("absent"), deleteRange("x", undefined),
    put("a", "1", { session: stamp(7, 1) }),
  );
  expect(applied.told()).toEqual(["1 put a=1 v1 c1"]);
});

test("what small batches changed stands in one row beside the position, which is put away when it has grown; a batch that changed nothing writes none", () => {
  const applied = new Applied();
  applied.run(put("a", "1"), put("b", "1"));
  const row = applied.store.get(latestEffectsKey);
  expect([applied.rows(), row?.length]).toEqual([0, expect.any(Number)]);
  applied.run(del("absent"));
  applied.machine.apply(noopOf(4));
  expect(applied.store.get(latestEffectsKey)).toEqual(row);
  applied.log.push(noopOf(4));
  for (let number = 5; applied.rows() === 0; number += 1) applied.run(put(`k${number}`, "x"));
  expect(applied.store.get(latestEffectsKey)).toBeUndefined();
  const { lastApplied } = applied.machine;
  expect(lastApplied).toBeGreaterThan(40);
  applied.run(put("last", "x"));
  expect(applied.told().length).toBe(lastApplied - 1);
  expect(applied.told(lastApplied + 1)).toEqual([`${lastApplied + 1} put last=x v1 c${lastApplied + 1}`]);
});

test("the row beside the position is gone on with after a restart and after a transaction that failed, at every length that it can have", () => {
  const applied = new Applied();
  const wanted: string[] = [];
  for (let index = 1; index <= 200; index += 1) {
    if (index % 2 === 0) applied.machine = new Machine({ store: applied.store });
    const unknown: AppliedEntry = { index: index + 1, term: 1, type: 9, data: new Uint8Array(0) };
    if (index % 3 === 0) expect(() => applied.machine.applyBatch([entryOf(index, put("lost", "x")), unknown])).toThrow("is of type 9");
    applied.run(put(`k${index}`, "x"));
    wanted.push(`${index} put k${index}=x v1 c${index}`);
  }
  expect(applied.told()).toEqual(wanted);
});

test("reading begins in the middle of a batch, and goes on behind a restart (S42)", () => {
  const applied = new Applied();
  applied.run(put("a", "1"), put("b", "2"));
  applied.machine = new Machine({ store: applied.store });
  applied.run(put("c", "3"));
  expect(applied.told(2).filter((line) => !line.startsWith("1 "))).toEqual(["2 put b=2 v1 c2", "3 put c=3 v1 c3"]);
  expect(applied.machine.firstRetained).toBe(1);
});

test("a transaction that failed leaves nothing of what its entries would have changed", () => {
  const applied = new Applied();
  applied.run(put("a", "1"));
  const unknown: AppliedEntry = { index: 3, term: 1, type: 9, data: new Uint8Array(0) };
  expect(() => applied.machine.applyBatch([entryOf(2, put("lost", "x")), unknown])).toThrow("entry 3 is of type 9");
  applied.run(put("b", "2"));
  expect(applied.told()).toEqual(["1 put a=1 v1 c1", "2 put b=2 v1 c2"]);
});

test("images of equal states are equal bit by bit although their batches differ, and neither digest nor quota know of effects (S42, H38)", () => {
  const commands = Array.from({ length: 40 }, (_, number) => (number % 7 === 6 ? deleteRange("k1", "k3") : put(`k${number % 5}`, `v${number}`)));
  const images = [1, 3, 40].map((batch) => {
    const applied = new Applied();
    for (let first = 0; first < commands.length; first += batch) applied.run(...commands.slice(first, first + batch));
    const image = applied.machine.image();
    const bytes = Buffer.concat([...image.chunks()]);
    image.close();
    return { bytes, digest: applied.machine.digest(), size: applied.machine.dataBytes, told: applied.told() };
  });
  for (const other of images.slice(1)) expect(other).toEqual(images[0]);
});

test("a restore drops what the old content's entries changed: retained is what comes behind the image", async () => {
  const source = new Applied();
  source.run(put("a", "1"), put("b", "2"), put("c", "3"));
  const image = source.machine.image();
  const applied = new Applied();
  applied.run(put("old", "1"));
  await applied.machine.restore(image, asyncOf([...image.chunks()]));
  image.close();
  expect([applied.machine.firstRetained, applied.rows()]).toEqual([4, 0]);
  applied.log.push(...source.log.slice(1));
  applied.run(put("d", "4"));
  expect(applied.told()).toEqual(["4 put d=4 v1 c4"]);
  expect(new Machine({ store: applied.store }).firstRetained).toBe(4);
});

test("rows below the log's beginning are removed a few with each batch, and what is retained begins behind them", () => {
  const applied = new Applied();
  for (let number = 1; number <= 50; number += 1) applied.runLarge();
  const size = applied.machine.lastApplied / 50;
  applied.machine.forgetEffectsBelow(40 * size + 1);
  expect([applied.rows(), applied.machine.firstRetained]).toEqual([50, 1]);
  applied.run(put("k", "x"));
  expect([applied.rows(), applied.machine.firstRetained]).toEqual([50 - rowsForgottenPerBatch, rowsForgottenPerBatch * size + 1]);
  applied.run(put("k", "x"));
  applied.run(put("k", "x"));
  expect([applied.rows(), applied.machine.firstRetained]).toEqual([10, 40 * size + 1]);
  applied.run(put("k", "x"));
  expect([applied.rows(), new Machine({ store: applied.store }).firstRetained]).toEqual([10, 40 * size + 1]);
});

test("what an entry changed that the log has forgotten is lost, and the rest of its batch is not", () => {
  const applied = new Applied();
  applied.run(put("a", "1"), put("b", "2"), put("c", "3"));
  expect(applied.effects(2, 1).map(({ index, effects }) => [index, effects === "lost"])).toEqual([[1, true], [2, false], [3, false]]);
});

test("a deletion of more keys than one answer holds is lost as a whole; what stands beside it is told (T26)", () => {
  const applied = new Applied();
  const long = "x".repeat(1_000);
  applied.run(...Array.from({ length: 1_700 }, (_, number) => put(`${long}${number}`, "")));
  applied.run(put("a", "1"), deleteRange("x", "y"), put("b", "2"), del("b"));
  expect(applied.told(1_701)).toEqual(["1701 put a=1 v1 c1701", "1702 lost", "1703 put b=2 v1 c1703", "1704 delete b"]);
  expect(resultOf(applied.machine.apply(entryOf(1_705, put("c", "")))).status).toBe("ok");
});

test("100,000 short keys that one command deletes are told", () => {
  const applied = new Applied();
  applied.runAll(Array.from({ length: 100_000 }, (_, number) => put(`k${number}`, "")));
  applied.run(deleteRange("k", "l"));
  const [deletion] = applied.effects(100_001);
  expect(deletion?.effects).toHaveLength(100_000);
});

test("a row never grows above its bound: what would make it longer is lost", () => {
  const applied = new Applied();
  const long = "x".repeat(1_000);
  const deletions = 5;
  applied.run(...Array.from({ length: deletions }, (_, group) => Array.from({ length: 1_000 }, (__, number) => put(`${group}${long}${number}`, ""))).flat());
  applied.run(...Array.from({ length: deletions }, (_, group) => deleteRange(`${group}`, `${group + 1}`)), put("after", "1"));
  const row = applied.store.get(effectsKey(applied.machine.lastApplied))!;
  expect(row.length).toBeLessThanOrEqual(effectRowBytesMax);
  const lost = applied.effects(5_001).filter(({ effects }) => effects === "lost");
  expect(lost.map(({ index }) => index)).toEqual([5_005]);
});

test("a damaged row is CORRUPT, never an event", () => {
  const applied = new Applied();
  applied.run(put("a", "1"));
  applied.runLarge();
  applied.run(put("a", "2"));
  for (const key of [latestEffectsKey, effectsKey(applied.machine.lastApplied - 1)]) {
    const row = applied.store.get(key)!;
    for (let byte = 0; byte < row.length; byte += 97) {
      const damaged = row.slice();
      damaged[byte]! ^= 1;
      applied.store.transaction((transaction) => transaction.put(key, damaged));
      expect(() => applied.effects()).toThrow("fails its checksum");
    }
    applied.store.transaction((transaction) => transaction.put(key, row));
  }
  expect(applied.effects()).toHaveLength(applied.machine.lastApplied);
  applied.store.transaction((transaction) => transaction.put(firstRetainedKey, new Uint8Array(12).fill(1)));
  expect(() => new Machine({ store: applied.store, crc32 })).toThrow("the first index retained for watches");
});
