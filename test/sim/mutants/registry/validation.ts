// Validation that looks away: a write that a rule forbids comes in, one that nothing stands in the way of is refused, or a repetition is.

import type { Mutant } from "../mutant.ts";

const gate = "src/host/proposal-gate.ts";
const book = "src/machine/rules/rule-book.ts";
const judgement = "src/machine/rules/judgement.ts";
const gateTests = ["test/host/validation.test.ts"];
const bookTests = ["test/machine/rules/rule-book.test.ts"];

export const validationMutants: readonly Mutant[] = [
  {
    name: "refused-proposal-appended-all-the-same",
    breaks: ["S34"],
    file: gate,
    find: "      proposals.refused(proposal.ticket, verdict);\n    } else {",
    replace: "      proposals.refused(proposal.ticket, verdict);\n      return true;\n    } else {",
    tests: gateTests,
  },
  {
    name: "postponed-proposal-comes-back-after-its-deadline",
    breaks: ["S34", "H20"],
    file: gate,
    find: "if (proposals.awaitsPlace(proposal.ticket)) deliver(proposal);",
    replace: "deliver(proposal);",
    tests: gateTests,
  },
  {
    name: "postponed-proposals-never-asked-about-again",
    breaks: ["S34"],
    file: "src/host/region.ts",
    find: "    this.#gate.reconsider();\n",
    replace: "",
    tests: gateTests,
  },
  {
    name: "damaged-storage-under-the-validator-is-an-application-error",
    breaks: ["S33"],
    file: gate,
    find: 'if (error.code === "CORRUPT" || error.code === "IO_ERROR") throw error;',
    replace: "",
    tests: gateTests,
  },
  {
    name: "rules-read-the-log-once-for-all-terms",
    breaks: ["S35"],
    file: book,
    find: "const isNew = log.currentTerm !== this.#term || this.#through < this.#followed;",
    replace: "const isNew = this.#term === 0 || this.#through < this.#followed;",
    tests: bookTests,
  },
  {
    name: "unique-value-in-the-log-not-seen",
    breaks: ["S35"],
    file: "src/machine/rules/unique-index.ts",
    find: "const keys = new Set(this.#claims.get(token)?.keys());",
    replace: "const keys = new Set<KeyText>();",
    tests: ["test/host/unique-rules.test.ts", ...bookTests],
  },
  {
    name: "unfinished-unique-index-trusted",
    breaks: ["S35"],
    file: judgement,
    find: "if (index === undefined || !index.isComplete) return",
    replace: "if (index === undefined) return",
    tests: bookTests,
  },
  {
    name: "conditional-write-counts-as-done",
    breaks: ["S35"],
    file: "src/machine/rules/pending-writes.ts",
    find: "const isSure = isExecuted && !isConditional &&",
    replace: "const isSure = isExecuted &&",
    tests: bookTests,
  },
  {
    name: "repetition-refused-on-account-of-the-first",
    breaks: ["S112", "S34"],
    file: book,
    find: "if (session !== undefined && this.#isSpent(session, log)) return undefined;",
    replace: "",
    tests: bookTests,
  },
  {
    name: "unique-rule-set-over-writes-in-the-log",
    breaks: ["S35"],
    file: book,
    find: "if (index.hasContention()) return { untilApplied: this.#through };",
    replace: "",
    tests: bookTests,
  },
  {
    name: "two-operators-overwrite-each-others-rules",
    breaks: ["S34"],
    file: book,
    find: "if (next.revision !== this.#rules.revision + 1)",
    replace: "if (next.revision <= 0)",
    tests: bookTests,
  },
  {
    name: "deleted-range-stays-in-the-unique-index",
    breaks: ["S34"],
    file: book,
    find: 'if (leaf.kind === "deleteRange") this.#refreshRange(index, leaf);',
    replace: 'if (leaf.kind === "deleteRange") continue;',
    tests: bookTests,
  },
];
