// Bugs in locks: turns that are taken too early or out of order, places that are left behind, tokens that refuse nobody, commands that outlive their lock.

import type { Mutant } from "../mutant.ts";

const turnFile = "src/client/turn.ts";
const queueFile = "src/client/queue.ts";
const tests = ["test/daemon/locks.test.ts"];
const guarded = ["test/cli/guarded-command.test.ts"];

export const lockMutants: readonly Mutant[] = [
  {
    name: "turn-is-taken-when-the-one-before-goes",
    breaks: ["H24"],
    file: turnFile,
    find: "await this.#untilGone(ahead.at(-1)!, index, until);",
    replace: "await this.#untilGone(ahead.at(-1)!, index, until);\n        return own.token;",
    tests,
  },
  {
    name: "turns-in-the-order-of-the-keys",
    breaks: ["H24"],
    file: queueFile,
    find: "left.token - right.token",
    replace: "left.key[0]! - right.key[0]!",
    tests,
  },
  {
    name: "whoever-gives-up-stays-in-the-queue",
    breaks: ["H24"],
    file: turnFile,
    find: "await lease[Symbol.asyncDispose]();\n    throw error;",
    replace: "throw error;",
    tests,
  },
  {
    name: "place-that-is-gone-is-waited-with",
    breaks: ["H24"],
    file: turnFile,
    find: "if (at === -1) throw placeIsGone(this.#queue, key);",
    replace: "",
    tests,
  },
  {
    name: "repeated-put-of-a-place-is-a-conflict",
    breaks: ["H24"],
    file: turnFile,
    find: '(wasSent && error.code === "CONFLICT")',
    replace: "(wasSent && !wasSent)",
    tests,
  },
  {
    name: "asking-for-a-lock-ends-with-a-change-of-leader",
    breaks: ["H24"],
    file: turnFile,
    find: 'toRaftctlError(thrown).code !== "NO_LEADER" || clock',
    replace: 'toRaftctlError(thrown).code === "NO_LEADER" || clock',
    tests: ["test/client/turn.test.ts"],
  },
  {
    name: "asking-for-a-lock-without-a-leader-never-ends",
    breaks: ["H24"],
    file: turnFile,
    find: "const until = clock.now() + timeoutMs;",
    replace: "const until = Number.POSITIVE_INFINITY;",
    tests: ["test/client/turn.test.ts"],
  },
  {
    name: "queueing-up-ends-with-a-change-of-leader",
    breaks: ["H24"],
    file: turnFile,
    find: 'if (!(error.retryable || error.code === "UNKNOWN_OUTCOME")) throw error;',
    replace: 'if (error.code !== "UNKNOWN_OUTCOME") throw error;',
    tests: ["test/client/turn.test.ts"],
  },
  {
    name: "foreign-keys-stand-in-the-queue",
    breaks: ["H24"],
    file: queueFile,
    find: 'return /^[0-9a-f]+$/.test(utf8Text(key.subarray(length)) ?? "");',
    replace: "return true;",
    tests,
  },
  {
    name: "holder-that-does-not-look-at-its-place",
    breaks: ["H24"],
    file: "src/client/lock.ts",
    find: "    this.#gone.abort(reason);",
    replace: "",
    tests,
  },
  {
    name: "place-that-is-another-one-by-now-is-taken-for-the-own",
    breaks: ["H24"],
    file: "src/client/place-watch.ts",
    find: "if (current !== undefined && current.record?.createIndex !== seen.token) return true;",
    replace: "if (current !== undefined && current.record === undefined) return true;",
    tests: ["test/client/place-watch.test.ts"],
  },
  {
    name: "observer-of-an-election-ends-when-it-has-fallen-behind",
    breaks: ["S109"],
    file: "src/client/leader.ts",
    find: "if (toRaftctlError(error).code !== \"COMPACTED\") throw error;",
    replace: "throw error;",
    tests: ["test/client/leaders.test.ts"],
  },
  {
    name: "guard-of-a-lock-looks-only-whether-the-key-is-there",
    breaks: ["H24"],
    file: "src/client/lock.ts",
    find: "return { key: this.key, createIndex: this.token };",
    replace: 'return { key: this.key, relation: "greater", createIndex: 0 };',
    tests,
  },
  {
    name: "time-is-read-after-what-is-left-of-it",
    breaks: ["H24"],
    file: "src/cli/lock/guarded-command.ts",
    find: "const beforeMs = now();\n  return beforeMs + lock.remainingMs;",
    replace: "return lock.remainingMs + now();",
    tests: guarded,
  },
  {
    name: "guard-that-hears-of-no-keep-alive",
    breaks: ["H24"],
    file: "src/cli/lock/guard.ts",
    find: "this.#safeUntilMs = Math.max(this.#safeUntilMs, message.safeUntilMs);",
    replace: "this.#safeUntilMs = Math.min(this.#safeUntilMs, message.safeUntilMs);",
    tests: guarded,
  },
  {
    name: "guard-that-asks-and-does-not-kill",
    breaks: ["H24"],
    file: "src/cli/lock/guard.ts",
    find: "const killPart = 1 / 20;",
    replace: "const killPart = -1;",
    tests: guarded,
  },
];
