import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { Prng } from "../../src/base/prng.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { type Tree, treeDelete, treePut } from "../../src/machine/ordered-tree.ts";
import { imagesMax, type KeyValue } from "../../src/machine/store.ts";
import { contentOf } from "./bytes-of.ts";
import { storeContract } from "./store-contract.ts";

storeContract("MemoryStore", async () => new MemoryStore());

test("the tree stays balanced whatever the order of its keys: no cliff for chosen keys (T26)", () => {
  const prng = new Prng(7);
  const orders: Record<string, (index: number) => string> = {
    ascending: (index) => String(index).padStart(9, "0"),
    descending: (index) => String(1_000_000 - index).padStart(9, "0"),
    random: () => String(prng.integer(0, 1e9)),
  };
  for (const keyAt of Object.values(orders)) {
    let tree: Tree;
    for (let index = 0; index < 20_000; index += 1) tree = treePut(tree, utf8(keyAt(index)), utf8("v"));
    expect(checkedHeight(tree)).toBeLessThanOrEqual(1.45 * Math.log2(20_002));
    for (let index = 0; index < 10_000; index += 1) tree = treeDelete(tree, tree!.key);
    expect(checkedHeight(tree)).toBeLessThanOrEqual(1.45 * Math.log2(10_002));
  }
});

test("a fork has what was saved last, by whatever saves, and not what came after it", async () => {
  const store = new MemoryStore();
  const put = (key: string): void => store.transaction((transaction) => transaction.put(utf8(key), utf8("1")));
  const forked = (): number => contentOf(store.fork()).length;
  put("a");
  expect(forked()).toBe(0);
  store.save();
  put("b");
  expect(forked()).toBe(1);
  store.image().close();
  put("c");
  expect(forked()).toBe(2);
  await store.flush();
  put("d");
  expect(forked()).toBe(3);
  await store.close();
  expect(forked()).toBe(4);
});

test("a fork has the saved content, and from then on neither store sees what the other one does", async () => {
  const store = new MemoryStore();
  store.transaction((transaction) => transaction.put(utf8("a"), utf8("1")));
  store.save();
  const images = Array.from({ length: imagesMax }, () => store.image());
  const fork = store.fork();
  store.transaction((transaction) => transaction.put(utf8("b"), utf8("2")));
  fork.transaction((transaction) => transaction.delete(utf8("a")));
  fork.image().close();
  expect([contentOf(store), contentOf(fork)]).toEqual([[["61", "31"], ["62", "32"]], []]);
  for (const image of images) image.close();
  await store.close();
  expect(contentOf(store.fork())).toHaveLength(2);
});

test("a fork that is made while the content is being replaced has the old content, and keeps it", async () => {
  const store = new MemoryStore();
  store.transaction((transaction) => transaction.put(utf8("a"), utf8("1")));
  store.save();
  let fork: MemoryStore | undefined;
  async function* pairs(): AsyncGenerator<KeyValue> {
    yield { key: utf8("b"), value: utf8("2") };
    fork = store.fork();
    yield { key: utf8("c"), value: utf8("3") };
  }
  await store.replace(pairs());
  expect([contentOf(fork!), contentOf(store)]).toEqual([[["61", "31"]], [["62", "32"], ["63", "33"]]]);
});

function checkedHeight(tree: Tree): number {
  if (tree === undefined) return 0;
  const left = checkedHeight(tree.left);
  const right = checkedHeight(tree.right);
  expect(Math.abs(left - right) <= 1 && tree.height === Math.max(left, right) + 1).toBe(true);
  return tree.height;
}
