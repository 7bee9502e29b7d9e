import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import type { KeyValue, Store } from "../../../src/machine/store.ts";
import { contentOf, pair } from "../../machine/bytes-of.ts";
import { storeContract } from "../../machine/store-contract.ts";
import { settles, TestLife, TestTime } from "../disk/support/test-time.ts";
import { LifeOver } from "./attached-store.ts";
import { SimStore } from "./sim-store.ts";

storeContract("SimStore", async () => new SimStore().attach(newLife()));

function newLife(): TestLife {
  return new TestLife(new TestTime("by hand"));
}

function put(store: Store, ...puts: KeyValue[]): void {
  store.transaction((transaction) => puts.forEach(({ key, value }) => transaction.put(key, value)));
}

const old = [["61", "31"]];

/** A node whose process has written and saved a = 1. */
function written(): { node: SimStore; life: TestLife; store: Store } {
  const node = new SimStore();
  const life = newLife();
  const store = node.attach(life);
  put(store, pair("a", "1"));
  store.save();
  return { node, life, store };
}

function after(node: SimStore, kind: "kill" | "powerLoss"): [string, string][] {
  node.crash(kind);
  return contentOf(node.attach(newLife()));
}

test("a killed process loses what it has not saved and nothing else; a loss of power takes everything, for good", () => {
  const killed = written();
  put(killed.store, pair("b", "2"));
  expect(after(killed.node, "kill")).toEqual(old);
  const { node } = written();
  expect(after(node, "powerLoss")).toEqual([]);
  expect(after(node, "kill")).toEqual([]);
});

test("what was killed and not closed in order is lost with the power all the same", () => {
  const { node, life } = written();
  life.alive = false;
  node.crash("kill");
  expect(after(node, "powerLoss")).toEqual([]);
});

test("a store that was closed in order survives a loss of power, until it is opened again", async () => {
  const { node, store } = written();
  await store.close();
  expect(after(node, "powerLoss")).toEqual(old);
  expect(after(node, "powerLoss")).toEqual([]);
});

test("a process that dies at a transaction has not done it, and what it does afterwards has no effect", () => {
  const { node, life, store } = written();
  life.dieAt = "store.transaction";
  expect(() => put(store, pair("b", "2"))).toThrow(LifeOver);
  expect(() => put(store, pair("c", "3"))).toThrow(LifeOver);
  expect(after(node, "kill")).toEqual(old);
});

test("a process that dies at a save has not done it, and saves nothing afterwards", () => {
  const { node, life, store } = written();
  put(store, pair("b", "2"));
  life.dieAt = "store.save";
  for (let times = 0; times < 2; times += 1) expect(() => store.save()).toThrow(LifeOver);
  expect(after(node, "kill")).toEqual(old);
});

test("a process that lives on after its node was given to another one changes nothing there", () => {
  const { node, store } = written();
  node.crash("kill");
  put(store, pair("b", "2"));
  const next = node.attach(newLife());
  put(store, pair("c", "3"));
  expect(contentOf(next)).toEqual(old);
});

test("a replacement that the process does not survive leaves the old content, one that was done the new one", async () => {
  const seen = new Map<string, [string, string][]>();
  for (const point of ["store.replace", "store.replace.pair", "store.replace.swap", "store.replace.done"]) {
    const { node, life, store } = written();
    life.dieAt = point;
    life.onDeath = () => node.crash("kill");
    await expect(store.replace(pairs())).rejects.toThrow(LifeOver);
    seen.set(point, contentOf(node.attach(newLife())));
  }
  const replaced = [["62", "32"], ["63", "33"]];
  expect([...seen.values()]).toEqual([old, old, old, replaced]);
});

test("the images of a dead process are not counted for the next one", () => {
  const { node, store } = written();
  for (let count = 0; count < 16; count += 1) store.image();
  node.crash("kill");
  const next = node.attach(newLife());
  expect(contentOf(next.image())).toEqual(old);
});

test("a wiped disk has an empty store, whatever a dead process has still open", async () => {
  const { node, life, store } = written();
  await store.close();
  life.alive = false;
  node.wipe();
  expect(contentOf(node.attach(newLife()))).toEqual([]);
});

test("transactions of a living process go on after other operations were answered", async () => {
  const { store } = written();
  expect(await settles(store.flush())).toBe(true);
  await store.replace(pairs());
  put(store, pair("d", "4"));
  expect(store.get(utf8("d"))).toEqual(utf8("4"));
});

async function* pairs(): AsyncGenerator<KeyValue> {
  yield pair("b", "2");
  yield pair("c", "3");
}
