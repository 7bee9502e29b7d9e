import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { Prng } from "../../src/base/prng.ts";
import { MemoryStore } from "../../src/machine/memory-store.ts";
import { type Tree, treeDelete, treePut } from "../../src/machine/ordered-tree.ts";
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

function checkedHeight(tree: Tree): number {
  if (tree === undefined) return 0;
  const left = checkedHeight(tree.left);
  const right = checkedHeight(tree.right);
  expect(Math.abs(left - right) <= 1 && tree.height === Math.max(left, right) + 1).toBe(true);
  return tree.height;
}
