// Bugs in when the state is saved, and in what is read while a part of it is not.

import type { Mutant } from "../mutant.ts";

const environmentFile = "src/platform/lmdb-environment.ts";
const saverFile = "src/host/saver.ts";
const stores = ["test/platform/lmdb-store.test.ts", "test/platform/lmdb-saving.test.ts"];
const savers = ["test/host/saver.test.ts"];

export const savingMutants: readonly Mutant[] = [
  {
    name: "image-is-taken-without-what-is-not-saved",
    breaks: ["H35"],
    file: environmentFile,
    find: "    this.save();\n    if (this.#images.size",
    replace: "    if (this.#images.size",
    tests: stores,
  },
  {
    name: "image-shows-what-is-being-written",
    breaks: ["H35"],
    file: environmentFile,
    find: "    env.writeTxn = null;\n",
    replace: "",
    tests: stores,
  },
  {
    name: "writes-are-lost-behind-a-read-of-an-image",
    breaks: ["H39"],
    file: environmentFile,
    find: "      env.writeTxn = writing;",
    replace: "      env.writeTxn = null;",
    tests: stores,
  },
  {
    name: "store-goes-on-after-it-has-lost-what-was-not-saved",
    breaks: ["H39"],
    file: environmentFile,
    find: "if (!isFirst) this.#failure = thrown as Error;",
    replace: "",
    tests: stores,
  },
  {
    name: "what-is-not-saved-has-no-bound",
    breaks: ["S116"],
    file: environmentFile,
    find: "if (this.#unsavedWrites >= unsavedWritesMax || this.#unsavedBytes",
    replace: "if (this.#unsavedBytes",
    tests: stores,
  },
  {
    name: "large-values-that-are-not-saved-have-no-bound",
    breaks: ["S116"],
    file: environmentFile,
    find: "this.#unsavedBytes += value.length;",
    replace: "",
    tests: stores,
  },
  {
    name: "flush-leaves-out-what-is-not-saved",
    breaks: ["H39"],
    file: environmentFile,
    find: "  async flush(): Promise<void> {\n    this.save();",
    replace: "  async flush(): Promise<void> {",
    tests: stores,
  },
  {
    name: "what-is-applied-after-the-first-save-is-never-saved",
    breaks: ["S116"],
    file: saverFile,
    find: "      this.#timer = undefined;\n",
    replace: "",
    tests: savers,
  },
  {
    name: "each-applied-entry-puts-the-save-off",
    breaks: ["S116"],
    file: saverFile,
    find: "this.#timer ??= this.#clock",
    replace: "this.#timer?.cancel();\n    this.#timer = this.#clock",
    tests: savers,
  },
  {
    name: "stopped-node-saves-all-the-same",
    breaks: ["S116"],
    file: saverFile,
    find: "    this.#timer?.cancel();",
    replace: "",
    tests: savers,
  },
  {
    name: "state-that-cannot-be-saved-is-nobodys-business",
    breaks: ["H45"],
    file: saverFile,
    find: "      this.#fatal(error instanceof Error ? error : new Error(String(error)));",
    replace: "",
    tests: savers,
  },
  {
    name: "nobody-says-that-something-was-applied",
    breaks: ["S116"],
    file: "src/host/driver.ts",
    find: "    this.#saver.applied();\n",
    replace: "",
    tests: savers,
  },
  {
    name: "what-a-restart-has-applied-again-is-not-saved",
    breaks: ["S108", "S116"],
    file: "src/host/region-storage.ts",
    find: "    if (to > from) machine.save();\n",
    replace: "",
    tests: ["test/host/region-storage.test.ts"],
  },
  {
    name: "state-is-saved-while-it-is-being-replaced",
    breaks: ["H34"],
    file: "src/host/region-storage.ts",
    find: "if (this.#installing === undefined) this.#parts.machine.save();",
    replace: "this.#parts.machine.save();",
    tests: ["test/host/region-storage.test.ts"],
  },
];
