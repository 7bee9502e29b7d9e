// A process that is there to be killed: it writes without end and reports on stdout what it has committed.

import { writeSync } from "node:fs";
import { utf8 } from "../../src/base/bytes.ts";
import { openLmdbStore } from "../../src/platform/lmdb-store.ts";
import { asyncOf, pair, text } from "../machine/bytes-of.ts";

const [mode, directory] = process.argv.slice(2);
const { store } = await openLmdbStore({ directory: directory!, bootId: "boot-1" });
const report = (number: number) => writeSync(1, `${number}\n`);

if (mode === "transactions") {
  for (let index = Number(text(store.get(utf8("index"))) ?? 0) + 1; ; index += 1) {
    store.transaction((transaction) => {
      for (let key = 0; key < 100; key += 1) transaction.put(utf8(`k${key}`), utf8(String(index)));
      transaction.put(utf8("index"), utf8(String(index)));
    });
    report(index);
  }
} else {
  const [first] = store.range({ limit: 1 });
  for (let generation = Number(text(first?.value) ?? 0) + 1; ; generation += 1) {
    const rows = Array.from({ length: 3000 }, (_, key) => pair(`k${String(key).padStart(5, "0")}`, String(generation)));
    await store.replace(asyncOf(rows));
    report(generation);
  }
}
