// What V8's collector is told about this process. Values, the log in memory and what a socket has read lie outside of V8's heap, and by default V8 begins a
// collection of everything whenever 64 MB of that have come since the last one, however much there is: with large values several times a second. Counted with
// the heap, the limit grows with what is alive, as that of the heap does.

import { setFlagsFromString } from "node:v8";

/** Of V8 that knows the switch, and knows it as an experiment: others write a line to stderr about what they do not know. */
const majorVersion = 13;

export function countExternalMemoryWithHeap(v8Version = process.versions.v8, setFlags = setFlagsFromString): void {
  if (v8Version.startsWith(`${majorVersion}.`)) setFlags("--external-memory-accounted-in-global-limit");
}
