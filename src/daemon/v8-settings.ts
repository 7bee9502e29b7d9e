// What V8 is told about this process, which runs for long and whose rare turns count as much as its frequent ones.

import { setFlagsFromString } from "node:v8";

/** Of V8 whose switches these are: others write a line to stderr about what they do not know. */
const majorVersion = 13;

/**
 * Values, the log in memory and what a socket has read lie outside of V8's heap, and by default V8 begins a collection of everything whenever 64 MB of that
 * have come since the last one, however much there is: with large values several times a second. Counted with the heap, the limit grows with what is alive,
 * as that of the heap does.
 */
const collector = ["--external-memory-accounted-in-global-limit"];

/**
 * A function goes to the optimizing compiler after 800 calls instead of 3,000, of which the last 100 instead of 500 have met nothing new: under one write at a
 * time that is seconds after the start instead of a quarter of a minute.
 */
const compiler = ["--invocation-count-for-turbofan=800", "--minimum-invocations-after-ic-update=100"];

export function setUpV8(v8Version = process.versions.v8, setFlags = setFlagsFromString): void {
  if (!v8Version.startsWith(`${majorVersion}.`)) return;
  for (const flag of [...collector, ...compiler]) setFlags(flag);
}
