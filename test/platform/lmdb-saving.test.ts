// What the store does while a part of it is not saved.

import { afterAll, afterEach, expect, test, vi } from "vitest";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "../../src/base/bytes.ts";
import type { Store } from "../../src/machine/store.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import { openLmdbStore } from "../../src/platform/lmdb-store.ts";
import { OpenTransaction } from "../../src/platform/open-transaction.ts";
import { RedoList } from "../../src/platform/redo-list.ts";
import { SaveBound } from "../../src/platform/save-bound.ts";
import { contentOf, text } from "../machine/bytes-of.ts";

const root = mkdtempSync(join(tmpdir(), "raftctl-lmdb-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let directories = 0;
const newDirectory = () => join(root, String((directories += 1)));
const open = (directory: string, logger: Logger = silentLogger) => openLmdbStore({ directory, bootId: "boot-1", logger });
afterEach(() => {
  vi.restoreAllMocks();
});

async function storeWith(directory: string, ...keys: string[]): Promise<Store> {
  const { store } = await open(directory);
  store.transaction((transaction) => keys.forEach((key) => transaction.put(utf8(key), utf8("1"))));
  return store;
}

/** Who opens it next finds a state that can be trusted, with this content. */
async function expectReopened(directory: string, content: readonly (readonly string[])[]): Promise<void> {
  const { store, trusted } = await open(directory);
  expect([trusted, contentOf(store)]).toEqual([true, content]);
  await store.close();
}

test("a large value is saved without waiting for more", async () => {
  const directory = newDirectory();
  const { store } = await open(directory);
  for (const key of ["a", "b", "c", "d", "e"]) store.transaction((transaction) => transaction.put(utf8(key), new Uint8Array(1024 * 1024)));
  const [name] = (await readdir(directory)).filter((found) => found.startsWith("state-"));
  expect((await stat(join(directory, name!, "data.mdb"))).blocks * 512).toBeGreaterThan(4 * 1024 * 1024);
  await store.close();
});

test("how many writes may gather is learnt from how many the last save had, and how long it took", async () => {
  const learn = vi.spyOn(SaveBound.prototype, "learn");
  vi.spyOn(performance, "now").mockReturnValueOnce(100).mockReturnValueOnce(107);
  const store = await storeWith(newDirectory(), "a", "b", "c");
  store.transaction((transaction) => transaction.delete(utf8("a")));
  store.save();
  expect(learn.mock.calls).toEqual([[4, 7]]);
  await store.close();
});

/** What LMDB does with a transaction of which it says that it must abort. */
function refusal(this: OpenTransaction): never {
  this.abort();
  throw new Error("MDB_BAD_TXN: Transaction must abort");
}

test("a save that LMDB refuses is made again, each batch by itself, and said; nothing of it is lost", async () => {
  const directory = newDirectory();
  const said: unknown[] = [];
  const { store } = await open(directory, { ...silentLogger, warn: (facts, message) => void said.push([message, facts]) });
  store.transaction((transaction) => transaction.put(utf8("saved"), utf8("1")));
  store.save();
  store.transaction((transaction) => ["a", "b", "c"].forEach((key) => transaction.put(utf8(key), utf8("1"))));
  store.transaction((transaction) => {
    transaction.delete(utf8("a"));
    transaction.put(utf8("b"), utf8("2"));
  });
  vi.spyOn(OpenTransaction.prototype, "commit").mockImplementationOnce(refusal);
  const begin = vi.spyOn(OpenTransaction, "begin");
  store.save();
  expect(begin).toHaveBeenCalledTimes(2);
  expect(said).toEqual([["LMDB refused to save a part of the state; it is written again", { path: expect.stringContaining(directory), reason: expect.stringContaining("MDB_BAD_TXN") }]]);
  const content = [["62", "32"], ["63", "31"], ["7361766564", "31"]];
  expect(contentOf(store)).toEqual(content);
  store.transaction((transaction) => transaction.put(utf8("z"), utf8("3")));
  await store.close();
  await expectReopened(directory, [...content, ["7a", "33"]]);
});

test("a save that LMDB refuses again ends the store, and leaves whole batches", async () => {
  const directory = newDirectory();
  const { store } = await open(directory);
  for (const value of ["1", "2", "3"]) store.transaction((transaction) => ["a", "b"].forEach((key) => transaction.put(utf8(key), utf8(value))));
  const commit = OpenTransaction.prototype.commit;
  vi.spyOn(OpenTransaction.prototype, "commit").mockImplementationOnce(refusal).mockImplementationOnce(commit).mockImplementationOnce(refusal);
  expect(() => store.save()).toThrow("cannot write the state in");
  for (const use of [() => store.get(utf8("a")), () => store.save(), () => store.transaction(() => 1)]) expect(use).toThrow("MDB_BAD_TXN");
  await expect(store.close()).rejects.toThrow("MDB_BAD_TXN");
  await expectReopened(directory, [["61", "31"], ["62", "31"]]);
});

test("a store that ends with what LMDB says of a write that was cut short says that the disk may be full (H45)", async () => {
  const directory = newDirectory();
  const store = await storeWith(directory, "a");
  vi.spyOn(OpenTransaction.prototype, "commit").mockImplementation(function cutShort(this: OpenTransaction): never {
    this.abort();
    throw new Error("Input/output error");
  });
  expect(() => store.save()).toThrow("Input/output error (LMDB says so of a full disk too)");
  await expect(store.close()).rejects.toThrow("full disk");
});

test("a write that LMDB refuses while it is made again ends the store, which can be closed, and leaves what was saved before", async () => {
  const directory = newDirectory();
  const store = await storeWith(directory, "a");
  store.save();
  store.transaction((transaction) => transaction.put(utf8("b"), utf8("1")));
  vi.spyOn(OpenTransaction.prototype, "commit").mockImplementationOnce(refusal);
  // A key that is no key any more: lmdb throws at once, in the middle of the transaction.
  vi.spyOn(RedoList.prototype, "batches").mockImplementation(function* () {
    yield [{ key: new Uint8Array(0), value: utf8("1") }];
  });
  const abort = vi.spyOn(OpenTransaction.prototype, "abort");
  expect(() => store.save()).toThrow("cannot write the state in");
  // The one that was refused, and the one in which it was made again: open it would lock everybody out.
  expect(abort).toHaveBeenCalledTimes(2);
  await expect(store.close()).rejects.toThrow("cannot write the state in");
  await expectReopened(directory, [["61", "31"]]);
});

test("a transaction that throws behind others that are not saved takes them with it, and from then on the store refuses everything for that reason", async () => {
  const directory = newDirectory();
  const store = await storeWith(directory, "saved");
  store.save();
  store.transaction((transaction) => transaction.put(utf8("unsaved"), utf8("1")));
  const broken = (): void => {
    throw new Error("a bad row");
  };
  expect(() => store.transaction(broken)).toThrow("a bad row");
  const uses = [() => store.get(utf8("saved")), () => [...store.range({})], () => store.transaction(() => 1), () => store.save(), () => store.image()];
  for (const use of uses) expect(use).toThrow("a bad row");
  await expect(store.flush()).rejects.toThrow("a bad row");
  await expect(store.close()).rejects.toThrow("a bad row");
  await expectReopened(directory, [["7361766564", "31"]]);
});

test("what is read of an image is what it shows, also while something newer is not saved yet", async () => {
  const store = await storeWith(newDirectory(), "a", "b");
  const image = store.image();
  store.transaction((transaction) => {
    transaction.put(utf8("a"), utf8("2"));
    transaction.delete(utf8("b"));
    transaction.put(utf8("c"), utf8("2"));
  });
  expect([text(image.get(utf8("a"))), text(image.get(utf8("b"))), image.get(utf8("c"))]).toEqual(["1", "1", undefined]);
  for (const pairs of [image.range({}), image.scan()]) expect(Array.from(pairs, ({ key, value }) => text(key)! + text(value)!)).toEqual(["a1", "b1"]);
  expect([text(store.get(utf8("a"))), store.get(utf8("b")), text(store.get(utf8("c")))]).toEqual(["2", undefined, "2"]);
  image.close();
  await store.close();
});

test("values of every size stay what they were when they were read, whatever is written and saved afterwards", async () => {
  const { store } = await open(newDirectory());
  const sizes = [10, 300, 4_000, 20_000, 33_000, 40_000, 70_000, 200_000];
  const kept: { readonly fill: number; readonly value: Uint8Array }[] = [];
  for (let fill = 1; fill <= 60; fill += 1) {
    store.transaction((transaction) => sizes.forEach((size) => transaction.put(utf8(`k${size}`), new Uint8Array(size).fill(fill))));
    kept.push({ fill, value: store.get(utf8(`k${sizes[fill % sizes.length]}`))! });
    for (const { value } of store.range({})) kept.push({ fill, value });
    if (fill % 20 === 0) {
      const image = store.image();
      kept.push({ fill, value: image.get(utf8("k70000"))! }, ...Array.from(image.range({}), ({ value }) => ({ fill, value })));
      image.close();
    } else if (fill % 7 === 0) store.save();
  }
  expect(kept).toHaveLength(60 * (1 + sizes.length) + 3 * (1 + sizes.length));
  expect(kept.filter(({ fill, value }) => value.some((byte) => byte !== fill))).toEqual([]);
  await store.close();
});
