// Bugs in what nodes remember of the moments of entries (N10).

import type { Mutant } from "../mutant.ts";

const file = "src/host/entry-moments.ts";
const watermark = "src/host/watermark.ts";
const tests = ["test/host/entry-moments.test.ts"];
const rings = ["test/host/watermark.test.ts"];
const breaks = ["N10"];

export const entryMomentsMutants: readonly Mutant[] = [
  { name: "overwritten-entry-keeps-its-moments", breaks, file: "src/host/region.ts", find: "this.moments.truncated(event.fromIndex);", replace: "void 0;", tests },
  { name: "snapshot-told-as-entries-that-came", breaks, file: "src/host/region.ts", find: "    this.moments.installed(index);\n", replace: "", tests },
  { name: "discarded-log-keeps-its-moments", breaks, file, find: "    this.#appended.restart(index);\n", replace: "", tests },
  { name: "deposed-leader-claims-the-entries-of-the-next", breaks, file, find: "index >= reign.first && index <= reign.last ?", replace: "index >= reign.first ?", tests },
  { name: "leader-claims-the-entries-of-those-before", breaks, file, find: "index >= reign.first && index <= reign.last ?", replace: "index <= reign.last ?", tests },
  { name: "removed-member-stays-a-straggler", breaks, file, find: "if (acknowledged.size > peers.length)", replace: "if (acknowledged.size < peers.length)", tests },
  { name: "moments-without-bound", breaks, file: watermark, find: "if (this.#indexes.length >= risesMax) {", replace: "if (this.#indexes.length >= 4 * risesMax) {", tests: rings },
  { name: "rise-remembered-for-one-index-alone", breaks, file: watermark, find: "this.#place(middle)]! >= index) reached", replace: "this.#place(middle)]! > index) reached", tests: rings },
  { name: "fall-forgets-what-stays", breaks, file: watermark, find: "this.#place(this.#count - 2)]! >= index)", replace: "this.#place(this.#count - 1)]! >= index)", tests: rings },
  {
    name: "silent-member-is-no-straggler",
    breaks,
    file: "src/cli/entry-trace.ts",
    find: "  if (silent.length > 0) return silent.map((voter) => voter.name);\n",
    replace: "",
    tests: ["test/cli/entry-trace.test.ts"],
  },
];
