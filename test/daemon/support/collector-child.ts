// A process that holds 64 MiB outside of V8's heap and replaces them again and again, as a log in memory does. Reports how often everything was collected.

import { PerformanceObserver, constants, type PerformanceEntry } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setUpV8 } from "../../../src/daemon/v8-settings.ts";

const pieceBytes = 64 * 1024;
const held: Uint8Array[] = [];
let collections = 0;

function isOfEverything(entry: PerformanceEntry): boolean {
  return (entry as unknown as { readonly detail: { readonly kind: number } }).detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}

if (process.argv[2] === "set") setUpV8();
const observer = new PerformanceObserver((list) => {
  collections += list.getEntries().filter(isOfEverything).length;
});
observer.observe({ entryTypes: ["gc"] });
for (let piece = 0; piece < 20_000; piece += 1) {
  held[piece % 1024] = new Uint8Array(pieceBytes);
  if (piece % 16 === 0) await nextTurn();
}
await nextTurn();
process.stdout.write(String(collections));
