import { afterAll, expect, test } from "vitest";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafeU64, utf8 } from "../../src/base/bytes.ts";
import { imagesMax, type Store } from "../../src/machine/store.ts";
import { lmdbDamage } from "../../src/platform/lmdb-check.ts";
import { openLmdbStore, type CompactableStore } from "../../src/platform/lmdb-store.ts";
import { unsavedWritesMin } from "../../src/platform/save-bound.ts";
import { asyncOf, contentOf, pair, text } from "../machine/bytes-of.ts";
import { storeContract } from "../machine/store-contract.ts";

const root = mkdtempSync(join(tmpdir(), "raftctl-lmdb-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let directories = 0;
const newDirectory = () => join(root, String((directories += 1)));
const open = (directory: string, bootId = "boot-1") => openLmdbStore({ directory, bootId });

storeContract("LmdbStore", async () => (await open(newDirectory())).store);

async function storeWith(directory: string, ...keys: string[]): Promise<Store> {
  const { store } = await open(directory);
  store.transaction((transaction) => keys.forEach((key) => transaction.put(utf8(key), utf8("1"))));
  return store;
}

async function dataFile(directory: string): Promise<string> {
  const names = (await readdir(directory)).filter((name) => name.startsWith("state-"));
  expect(names).toHaveLength(1);
  return join(directory, names[0]!, "data.mdb");
}

test("a new store is empty and not trusted; closed properly it is trusted with its content, under any boot", async () => {
  const directory = newDirectory();
  const first = await open(directory);
  expect(first.trusted).toBe(false);
  expect(contentOf(first.store)).toEqual([]);
  first.store.transaction((transaction) => transaction.put(utf8("a"), utf8("1")));
  await first.store.close();
  const second = await open(directory, "boot-2");
  expect(second.trusted).toBe(true);
  expect(text(second.store.get(utf8("a")))).toBe("1");
  await second.store.close();
});

test("files are readable by their owner alone (T19)", async () => {
  const directory = newDirectory();
  const store = await storeWith(directory, "a");
  const data = await dataFile(directory);
  for (const path of [data, data.replace("data.mdb", "lock.mdb"), join(directory, "current.json")]) expect((await stat(path)).mode & 0o777).toBe(0o600);
  for (const path of [directory, join(data, "..")]) expect((await stat(path)).mode & 0o777).toBe(0o700);
  await store.close();
});

const damages: Record<string, (path: string) => Promise<unknown>> = {
  "cut to half": async (path) => truncate(path, Math.floor((await pagesUsed(path)) / 2) * 4096),
  "cut by its last page": async (path) => truncate(path, ((await pagesUsed(path)) - 1) * 4096),
  "cut inside its head": (path) => truncate(path, 5000),
  "empty": (path) => truncate(path, 0),
  "absent": (path) => rm(path),
  "of somebody else": async (path) => writeFile(path, new Uint8Array((await stat(path)).size).fill(0x5a)),
  "with its first page zeroed": async (path) => zeroPage(path, 0),
  "with its second page zeroed": async (path) => zeroPage(path, 1),
};

/** As the younger of the two heads of the file says. */
async function pagesUsed(path: string): Promise<number> {
  const bytes = await readFile(path);
  const [first, second] = [0, 4096].map((head) => ({ lastPage: readSafeU64(bytes, head + 144), transaction: readSafeU64(bytes, head + 152) }));
  return (first!.transaction > second!.transaction ? first! : second!).lastPage + 1;
}

async function zeroPage(path: string, page: number): Promise<void> {
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0, page * 4096, page * 4096 + 4096));
}

for (const [name, damage] of Object.entries(damages)) {
  test(`a data file ${name} is recognised before it is opened: the store is empty and not trusted`, async () => {
    const directory = newDirectory();
    const { store } = await open(directory);
    store.transaction((transaction) => {
      for (let index = 0; index < 500; index += 1) transaction.put(utf8(`key-${index}`), new Uint8Array(200));
    });
    await store.close();
    await damage(await dataFile(directory));
    const reopened = await open(directory);
    expect(reopened.trusted).toBe(false);
    expect(contentOf(reopened.store)).toEqual([]);
    reopened.store.transaction((transaction) => transaction.put(utf8("a"), utf8("1")));
    await reopened.store.close();
    const again = await open(directory);
    expect(again.trusted).toBe(true);
    expect(contentOf(again.store)).toHaveLength(1);
    await again.store.close();
  });
}

test("pages that were taken and given back in one transaction, the last ones too, do not make the file look as if it were cut short (H39)", async () => {
  const directory = newDirectory();
  const { store } = await open(directory);
  const keys = Array.from({ length: 400 }, (_, index) => utf8(`key-${index}`));
  store.transaction((transaction) => keys.forEach((key) => transaction.put(key, new Uint8Array(300))));
  store.transaction((transaction) => keys.slice(1).forEach((key) => transaction.delete(key)));
  for (let round = 0; round < 4; round += 1) store.transaction((transaction) => transaction.put(keys[0]!, utf8(`${round}`)));
  // There is room in front for all that stays; what does not stay is large, and goes behind everything.
  store.transaction((transaction) => {
    transaction.put(utf8("large"), new Uint8Array(1_000_000));
    transaction.delete(utf8("large"));
  });
  expect(await lmdbDamage(await dataFile(directory))).toBeUndefined();
  await store.close();
  expect((await open(directory)).trusted).toBe(true);
});

test("a mark that cannot be understood makes the content untrusted, never an error", async () => {
  for (const mark of ["", "{", "null", "[]", '{"format":2}', '{"format":1,"environment":"../x","bootId":"boot-1","clean":true}']) {
    const directory = newDirectory();
    await (await storeWith(directory, "a")).close();
    await writeFile(join(directory, "current.json"), mark);
    const { store, trusted } = await open(directory);
    expect([trusted, contentOf(store)]).toEqual([false, []]);
    await store.close();
  }
});

test("what a replacement that never finished left behind is not mistaken for the content, and is removed (H34)", async () => {
  const directory = newDirectory();
  await (await storeWith(directory, "a")).close();
  const other = newDirectory();
  await (await storeWith(other, "b", "c")).close();
  const { cp } = await import("node:fs/promises");
  await cp(join(other, "state-1"), join(directory, "state-2"), { recursive: true });
  await writeFile(join(directory, "current.json.new"), '{"format":1,"environment":"state-2"');
  const { store, trusted } = await open(directory);
  expect([trusted, contentOf(store)]).toEqual([true, [["61", "31"]]]);
  expect((await readdir(directory)).filter((name) => name.startsWith("state-"))).toEqual(["state-1"]);
  await store.replace(asyncOf([pair("d", "4")]));
  await store.close();
  const reopened = await open(directory);
  expect([reopened.trusted, contentOf(reopened.store)]).toEqual([true, [["64", "34"]]]);
  await reopened.store.close();
});

test("an image of the replaced content keeps its files until it is closed", async () => {
  const directory = newDirectory();
  const store = await storeWith(directory, "a");
  const image = store.image();
  await store.replace(asyncOf([pair("b", "2")]));
  expect(await readdir(directory)).toContain("state-1");
  expect(text(image.get(utf8("a")))).toBe("1");
  image.close();
  await expect.poll(() => readdir(directory)).not.toContain("state-1");
  await store.close();
});

const child = join(import.meta.dirname, "lmdb-child.ts");

/** Runs the child until it has reported `reports` numbers, then kills it with -9. The last number that it reported. */
async function killedAfter(mode: string, directory: string, reports: number): Promise<number> {
  const process_ = spawn(process.execPath, [child, mode, directory], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  for await (const chunk of process_.stdout) {
    output += String(chunk);
    if (output.split("\n").length > reports) process_.kill("SIGKILL");
  }
  return Number(output.split("\n").at(-2));
}

test("every transaction that was saved survives kill -9, and every other one is there whole or not at all, under the same boot (H39, S73)", async () => {
  const directory = newDirectory();
  for (const reports of [1, 40, 300]) {
    const reported = await killedAfter("transactions", directory, reports);
    const { store, trusted } = await open(directory);
    expect(trusted).toBe(true);
    const index = Number(text(store.get(utf8("index"))));
    expect(index).toBeGreaterThanOrEqual(reported);
    const values = Array.from(store.range({ start: utf8("k"), end: utf8("l") }), ({ value }) => Number(text(value)));
    expect(new Set(values)).toEqual(new Set([index]));
    expect(values).toHaveLength(100);
    await store.close();
  }
});

test("of 2,000 writes that nobody saved kill -9 leaves those that made up the first save, whole transactions, and takes the rest", async () => {
  const directory = newDirectory();
  const reported = await killedAfter("unsaved", directory, 1);
  const { store } = await open(directory);
  const index = Number(text(store.get(utf8("index"))));
  expect([index, reported]).toEqual([Math.ceil(unsavedWritesMin / 101), Math.ceil(2_000 / 101)]);
  await store.close();
});

test("kill -9 at any moment of a compaction leaves a whole state, no older than when the compaction began (H34, H39)", { timeout: 60_000 }, async () => {
  const directory = newDirectory();
  for (const reports of [1, 2, 3, 5, 8, 13]) {
    const reported = await killedAfter("compactions", directory, reports);
    const { store, trusted } = await open(directory);
    const index = Number(text(store.get(utf8("index"))));
    const values = Array.from(store.range({ start: utf8("k"), end: utf8("l") }), ({ value }) => Number(text(value)));
    expect([trusted, values.length, new Set(values)]).toEqual([true, 100, new Set([index])]);
    expect(index).toBeGreaterThanOrEqual(reported);
    expect([...store.range({ start: utf8("z"), end: utf8("{") })]).toHaveLength(2_000);
    await store.close();
    expect((await readdir(directory)).filter((name) => name.startsWith("state-"))).toHaveLength(1);
  }
});

test("after kill -9 and another boot of the operating system the content is not trusted (H39)", async () => {
  const directory = newDirectory();
  await killedAfter("transactions", directory, 2);
  const { store, trusted } = await open(directory, "boot-2");
  expect([trusted, contentOf(store)]).toEqual([false, []]);
  await store.close();
});

test("kill -9 at any moment of a replace leaves the old content or the new one, whole (H34)", async () => {
  const directory = newDirectory();
  for (const reports of [1, 2, 3, 5, 8]) {
    const reported = await killedAfter("replace", directory, reports);
    const { store, trusted } = await open(directory);
    expect(trusted).toBe(true);
    const values = Array.from(store.range({}), ({ value }) => Number(text(value)));
    expect(values).toHaveLength(3000);
    const generation = values[0]!;
    expect(new Set(values)).toEqual(new Set([generation]));
    expect([reported, reported + 1]).toContain(generation);
    await store.close();
  }
});

/** Many turns of the event loop, in each of which something is written. @returns what must be there in the end */
async function writeWhile(store: Store, compacted: Promise<unknown>, model: Map<string, string>): Promise<void> {
  let isOver = false;
  void compacted.finally(() => (isOver = true)).catch(() => undefined);
  for (let turn = 0; !isOver; turn += 1) {
    store.transaction((transaction) => {
      for (let place = 0; place < 40; place += 1) {
        const key = `key-${String((turn * 7_919 + place * 104_729) % 4_000).padStart(5, "0")}`;
        if ((turn + place) % 3 === 0) {
          transaction.delete(utf8(key));
          model.delete(key);
        } else {
          transaction.put(utf8(key), utf8(`${turn}/${place}`));
          model.set(key, `${turn}/${place}`);
        }
      }
    });
    await new Promise(setImmediate);
  }
}

async function fullStore(directory: string): Promise<{ store: CompactableStore; model: Map<string, string> }> {
  const { store } = await open(directory);
  const model = new Map<string, string>();
  const value = "x".repeat(2_000);
  for (let first = 0; first < 3_000; first += 500) {
    store.transaction((transaction) => {
      for (let number = first; number < first + 500; number += 1) {
        const key = `key-${String(number).padStart(5, "0")}`;
        transaction.put(utf8(key), utf8(value));
        model.set(key, value);
      }
    });
  }
  return { store, model };
}

const sorted = (model: ReadonlyMap<string, string>): string[] => [...model].map(([key, value]) => `${key}=${value}`).toSorted();
const held = (store: Store): string[] => [...store.range({})].map(({ key, value }) => `${text(key)}=${text(value)}`);

test("a compaction gives back the space of what was deleted, an image that is open goes on, and the next start finds the content", async () => {
  const directory = newDirectory();
  const { store, model } = await fullStore(directory);
  const before = sorted(model);
  const image = store.image();
  store.transaction((transaction) => {
    for (const key of [...model.keys()].slice(10)) {
      transaction.delete(utf8(key));
      model.delete(key);
    }
  });
  const space = await store.compact();
  expect(space.before).toBeGreaterThan(6_000_000);
  expect(space.after).toBeLessThan(200_000);
  expect(held(store)).toEqual(sorted(model));
  expect([...image.range({})].map(({ key, value }) => `${text(key)}=${text(value)}`)).toEqual(before);
  image.close();
  store.transaction((transaction) => transaction.put(utf8("later"), utf8("1")));
  await store.close();
  // What it takes: the file is longer, with holes behind its last page.
  expect((await stat(await dataFile(directory))).blocks * 512).toBeLessThan(200_000);
  const again = await open(directory);
  expect([again.trusted, held(again.store)]).toEqual([true, [...sorted(model), "later=1"]]);
  await again.store.close();
});

test("what is written and deleted while the state is compacted is in the compacted one, and nothing else", { timeout: 60_000 }, async () => {
  const { store, model } = await fullStore(newDirectory());
  for (let round = 0; round < 3; round += 1) {
    const compacted = store.compact();
    await writeWhile(store, compacted, model);
    await compacted;
    expect(held(store)).toEqual(sorted(model));
  }
  await store.close();
});

test("a compaction that cannot begin, because too many images are open, is no obstacle to the next one", async () => {
  const { store, model } = await fullStore(newDirectory());
  const images = Array.from({ length: imagesMax }, () => store.image());
  await expect(store.compact()).rejects.toMatchObject({ code: "BUSY" });
  for (const image of images) image.close();
  await expect(store.compact()).resolves.toMatchObject({});
  expect(held(store)).toEqual(sorted(model));
  await store.close();
});

test("one compaction at a time; a replacement and a closing end it, and the state is what they leave", async () => {
  const directory = newDirectory();
  const { store, model } = await fullStore(directory);
  const first = store.compact();
  await expect(store.compact()).rejects.toMatchObject({ code: "BUSY" });
  await first;
  const ended = store.compact();
  const refused = expect(ended).rejects.toMatchObject({ code: "BUSY" });
  await store.replace(asyncOf([pair("only", "1")]));
  await refused;
  await expect(store.compact()).resolves.toMatchObject({});
  expect(held(store)).toEqual(["only=1"]);
  store.transaction((transaction) => {
    for (const [key, value] of model) transaction.put(utf8(key), utf8(value));
  });
  const closed = expect(store.compact()).rejects.toMatchObject({ code: "BUSY" });
  await store.close();
  await closed;
  const again = await open(directory);
  expect([again.trusted, held(again.store)]).toEqual([true, [...sorted(model), "only=1"]]);
  await again.store.close();
});
