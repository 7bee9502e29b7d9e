// Bugs in watches: what entries changed and where it is kept, how it is read, and who is told.

import type { Mutant } from "../mutant.ts";

const effectsFile = "src/machine/effects.ts";
const sourceFile = "src/host/watch/event-source.ts";
const watchesFile = "src/host/watch/watches.ts";
const machine = ["test/machine/effects.test.ts"];
const host = ["test/host/watch/watches.test.ts"];
const client = ["test/client/watch.test.ts"];

export const watchMutants: readonly Mutant[] = [
  {
    name: "watch-effects-survive-a-rollback",
    breaks: ["S42"],
    file: "src/machine/machine.ts",
    find: "this.#effects = new Effects(this.#store, position.index, this.#crc32);",
    replace: "this.#effects ??= new Effects(this.#store, position.index, this.#crc32);",
    tests: machine,
  },
  {
    name: "watch-effects-travel-in-images",
    breaks: ["S42", "H38"],
    file: "src/machine/machine.ts",
    find: "    if (isLocal(pair.key)) continue;\n",
    replace: "",
    tests: machine,
  },
  {
    name: "watch-effects-of-a-range-are-not-told",
    breaks: ["S116"],
    file: "src/machine/kv.ts",
    find: "      this.#effects.delete(userKey(key));\n",
    replace: "",
    tests: machine,
  },
  {
    name: "watch-effects-grow-for-ever",
    breaks: ["T26"],
    file: effectsFile,
    find: "if (this.#firstRetained < this.#forgetBelow) this.#forgetSome(transaction);",
    replace: "",
    tests: machine,
  },
  {
    name: "watch-effects-of-one-index-without-a-bound",
    breaks: ["T26"],
    file: effectsFile,
    find: "this.#eventBytes <= watchIndexBytesMax && ",
    replace: "",
    tests: machine,
  },
  {
    name: "watch-tells-from-below-what-is-retained",
    breaks: ["S116"],
    file: sourceFile,
    find: "if (from < firstRetained) {",
    replace: "if (from < 0) {",
    tests: host,
  },
  {
    name: "watch-splits-what-one-index-changed",
    breaks: ["S116"],
    file: sourceFile,
    find: "if (!gathering.take(index, effects)) return { events: gathering.events, nextIndex: index };",
    replace: "if (!gathering.take(index, effects.slice(0, query.eventsMax))) return { events: gathering.events, nextIndex: index };",
    tests: host,
  },
  {
    name: "watch-goes-back-on-a-node-that-is-behind",
    breaks: ["S116"],
    file: sourceFile,
    find: "nextIndex: Math.max(from, this.lastApplied + 1)",
    replace: "nextIndex: this.lastApplied + 1",
    tests: host,
  },
  {
    name: "watch-skips-what-an-install-skipped",
    breaks: ["S116"],
    file: watchesFile,
    find: "this.#source.firstRetained > from ? this.#waiting.before(this.#source.firstRetained) : []",
    replace: "[] as Waiting[]",
    tests: host,
  },
  {
    name: "watch-waits-without-a-bound",
    breaks: ["T26"],
    file: watchesFile,
    find: "if (mine.size >= this.#limits.perConnection)",
    replace: "if (mine.size > 2 * this.#limits.perConnection)",
    tests: host,
  },
  {
    name: "watch-of-who-is-gone-goes-on",
    breaks: ["T26"],
    file: watchesFile,
    find: "for (const waiting of this.#byOwner.get(owner) ?? []) {",
    replace: "for (const waiting of this.#byOwner.get({}) ?? []) {",
    tests: host,
  },
  {
    name: "watch-client-begins-anew-after-an-error",
    breaks: ["S109"],
    file: "src/client/watch.ts",
    find: "        from = nextIndex;",
    replace: "        from = Math.max(1, nextIndex - 1);",
    tests: client,
  },
  {
    name: "watch-client-believes-the-first-node-that-has-compacted",
    breaks: ["S109"],
    file: "src/client/watch-sources.ts",
    find: "if (!this.#failed.has(this.#current)) return 0;",
    replace: "if (this.#lasting === undefined && !this.#failed.has(this.#current)) return 0;",
    tests: client,
  },
];
