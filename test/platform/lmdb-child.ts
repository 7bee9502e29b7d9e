// A process that is there to be killed: it writes without end and reports on stdout what it has saved.

import { writeSync } from "node:fs";
import { utf8 } from "../../src/base/bytes.ts";
import { openLmdbStore } from "../../src/platform/lmdb-store.ts";
import { asyncOf, pair, text } from "../machine/bytes-of.ts";

const [mode, directory] = process.argv.slice(2);
const { store } = await openLmdbStore({ directory: directory!, bootId: "boot-1" });
const report = (number: number) => writeSync(1, `${number}\n`);

let index = Number(text(store.get(utf8("index"))) ?? 0);

function writeNext(): void {
  index += 1;
  store.transaction((transaction) => {
    for (let key = 0; key < 100; key += 1) transaction.put(utf8(`k${key}`), utf8(String(index)));
    transaction.put(utf8("index"), utf8(String(index)));
  });
}

if (mode === "transactions") {
  for (;;) {
    for (let unsaved = 0; unsaved < 3; unsaved += 1) writeNext();
    store.save();
    report(index);
    writeNext();
  }
} else if (mode === "unsaved") {
  for (let written = 0; written < 2_000; written += 101) writeNext();
  report(index);
  setInterval(() => undefined, 1_000);
} else if (mode === "compactions") {
  const padding = utf8("x".repeat(1_000));
  store.transaction((transaction) => {
    for (let key = 0; key < 2_000; key += 1) transaction.put(utf8(`z${key}`), padding);
  });
  const write = (): void => {
    writeNext();
    setImmediate(write);
  };
  write();
  for (;;) {
    store.save();
    report(index);
    await store.compact();
  }
} else {
  const [first] = store.range({ limit: 1 });
  for (let generation = Number(text(first?.value) ?? 0) + 1; ; generation += 1) {
    const rows = Array.from({ length: 3000 }, (_, key) => pair(`k${String(key).padStart(5, "0")}`, String(generation)));
    await store.replace(asyncOf(rows));
    report(generation);
  }
}
