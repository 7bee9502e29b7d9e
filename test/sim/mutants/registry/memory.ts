// Bugs in what spares memory and copies: entries that become records where they are, tables of what waits, the order of sessions, the log behind a restart.

import type { Mutant } from "../mutant.ts";

const recordFile = "src/storage/wal/record.ts";
const records = ["test/storage/wal/record.test.ts"];
const mapFile = "src/base/ascending-map.ts";
const maps = ["test/base/ascending-map.test.ts"];
const slabFile = "src/base/slab.ts";
const slabs = ["test/base/slab.test.ts"];
const orderFile = "src/machine/session-order.ts";
const sessions = ["test/machine/sessions.test.ts", "test/machine/session-order.test.ts"];

export const memoryMutants: readonly Mutant[] = [
  {
    name: "entries-with-a-gap-between-them-become-one-run",
    breaks: ["H42"],
    file: recordFile,
    find: "if (isRecorded !== first.isRecorded || data.buffer !== buffer || data.byteOffset !== end + recordHeaderBytes) return undefined;",
    replace: "if (isRecorded !== first.isRecorded || data.buffer !== buffer) return undefined;",
    tests: records,
  },
  {
    name: "data-without-room-in-front-gets-a-header-all-the-same",
    breaks: ["H42"],
    file: recordFile,
    find: "if (first === undefined || (first.isRecorded !== true && headroomOf(first.data) !== recordHeaderBytes)) return undefined;",
    replace: "if (first === undefined || first.data.byteOffset < recordHeaderBytes) return undefined;",
    tests: records,
  },
  {
    name: "an-entry-that-has-moved-into-a-record-is-not-marked",
    breaks: ["S22"],
    file: recordFile,
    find: "  entry.data = run.subarray(offset + recordHeaderBytes, end);\n  entry.isRecorded = true;",
    replace: "  entry.data = run.subarray(offset + recordHeaderBytes, end);",
    tests: records,
  },
  {
    name: "the-room-in-front-is-given-to-the-one-before",
    breaks: ["H42"],
    file: slabFile,
    find: "    this.#used += needed;\n    return this.#piece.subarray(start, this.#used);",
    replace: "    this.#used += length;\n    return this.#piece.subarray(start, start + length);",
    tests: slabs,
  },
  {
    name: "a-piece-is-filled-beyond-its-end",
    breaks: ["H42"],
    file: slabFile,
    find: "if (this.#used + needed > this.#piece.length) this.#beginPiece(needed);",
    replace: "if (this.#used + length > this.#piece.length) this.#beginPiece(needed);",
    tests: slabs,
  },
  {
    name: "what-was-taken-out-is-found-again",
    breaks: ["S112"],
    file: mapFile,
    find: "    this.#values[place] = undefined;\n",
    replace: "",
    tests: maps,
  },
  {
    name: "empty-places-in-front-are-given-back-with-the-first-that-is-not",
    breaks: ["S112"],
    file: mapFile,
    find: "    this.#keys = this.#keys.slice(this.#head);",
    replace: "    this.#keys = this.#keys.slice(this.#head + 1);",
    tests: maps,
  },
  {
    name: "an-answer-behind-the-last-id-finds-nobody",
    breaks: ["S21"],
    file: "src/platform/pending-calls.ts",
    find: "this.#calls.take(this.#lastNumber - ((this.#lastNumber - id) % idCount))?.call;",
    replace: "this.#calls.take(id)?.call;",
    tests: ["test/platform/pending-calls.test.ts"],
  },
  {
    name: "a-call-gets-the-id-of-the-connection-itself",
    breaks: ["S21"],
    file: "src/platform/pending-calls.ts",
    find: "while (this.#lastNumber % idCount === 0 || ",
    replace: "while (",
    tests: ["test/platform/pending-calls.test.ts"],
  },
  {
    name: "a-session-that-is-used-again-stays-where-it-was",
    breaks: ["S112"],
    file: orderFile,
    find: "    if (item === this.#youngest) return;\n    this.remove(item);",
    replace: "    if (item === this.#youngest || item.younger !== undefined) return;\n    this.remove(item);",
    tests: sessions,
  },
  {
    name: "the-oldest-session-that-goes-is-still-the-oldest",
    breaks: ["S112"],
    file: orderFile,
    find: "else if (item === this.#oldest) this.#oldest = younger;",
    replace: "else if (item === this.#oldest && younger === undefined) this.#oldest = younger;",
    tests: sessions,
  },
  {
    name: "a-restart-forgets-how-much-was-applied-since-the-last-snapshot",
    breaks: ["S114"],
    file: "src/host/snapshotter.ts",
    find: "    for (const entry of options.recovered) this.#count(entry);\n",
    replace: "",
    tests: ["test/host/snapshotter.test.ts"],
  },
  {
    name: "a-node-has-forgotten-its-log-when-it-counts-it",
    breaks: ["S114"],
    file: "src/host/region.ts",
    find: "recovered: applied, compact:",
    replace: "recovered: [], compact:",
    tests: ["test/host/snapshot-restart.test.ts"],
  },
  {
    name: "collector-counts-what-lies-outside-of-the-heap-apart",
    breaks: ["S49"],
    file: "src/daemon/v8-settings.ts",
    find: '"--external-memory-accounted-in-global-limit"',
    replace: '"--no-external-memory-accounted-in-global-limit"',
    tests: ["test/daemon/v8-settings.test.ts"],
  },
  {
    name: "compiler-waits-as-long-as-for-a-program-that-ends-soon",
    breaks: ["S49"],
    file: "src/daemon/v8-settings.ts",
    find: "--invocation-count-for-turbofan=800",
    replace: "--invocation-count-for-turbofan=3000",
    tests: ["test/daemon/v8-settings.test.ts"],
  },
  {
    name: "every-v8-is-given-a-switch-that-it-may-not-know",
    breaks: ["S49"],
    file: "src/daemon/v8-settings.ts",
    find: "if (!v8Version.startsWith(`${majorVersion}.`)) return;",
    replace: "",
    tests: ["test/daemon/v8-settings.test.ts"],
  },
];
