// What `check linearizability` does to find a cluster that does not keep its promises: it must neither overlook that nor cry wolf.

import type { Mutant } from "../mutant.ts";

const checker = ["test/cli/check/pairs-and-leases.test.ts"];
const leases = ["test/cli/check/key-lease.test.ts"];

export const checkMutants: readonly Mutant[] = [
  {
    name: "expiry-begun-behind-the-answer-that-shows-it",
    breaks: ["N6", "H24"],
    file: "src/cli/check/history.ts",
    find: "const endedMs = this.#arrive();\n      const returned = outcome === \"unknown\" ? undefined : this.#counter++;",
    replace: "const returned = outcome === \"unknown\" ? undefined : this.#counter++;\n      const endedMs = this.#arrive();",
    tests: checker,
  },
  {
    name: "put-behind-the-end-of-its-lease-passes",
    breaks: ["N6", "H24"],
    file: "src/cli/check/register.ts",
    find: "return step.isRefused ? observed : impossible;",
    replace: "return observed;",
    tests: checker,
  },
  {
    name: "put-refused-for-a-lease-that-lives-passes",
    breaks: ["N6", "H24"],
    file: "src/cli/check/register.ts",
    find: "if (step.isRefused) return impossible;",
    replace: "if (step.isRefused) return observed;",
    tests: checker,
  },
  {
    name: "torn-answer-passes",
    breaks: ["N6"],
    file: "src/cli/check/register.ts",
    find: "step.seen === neverWritten || step.isTorn",
    replace: "step.seen === neverWritten",
    tests: checker,
  },
  {
    name: "halves-of-a-pair-compared-by-value-only",
    breaks: ["N6"],
    file: "src/cli/check/pair.ts",
    find: "difference({ value, modIndex: first?.modIndex }, { value: second && textOf(second), modIndex: second?.modIndex })",
    replace: "difference({ value }, { value: second && textOf(second) })",
    tests: ["test/cli/check/pair.test.ts"],
  },
  {
    name: "lease-of-a-key-counted-from-the-answer",
    breaks: ["N6", "H24"],
    file: "src/cli/check/key-lease.ts",
    find: "history.expireFrom(key, this.text, safeUntil(sentMs, ttlMs));",
    replace: "history.expireFrom(key, this.text, safeUntil(history.nowMs, ttlMs));",
    tests: leases,
  },
  {
    name: "keep-alive-that-found-no-lease-counted",
    breaks: ["N6", "H24"],
    file: "src/cli/check/key-lease.ts",
    find: "if (remainingMs !== undefined) this.#expiry",
    replace: "if (remainingMs !== null) this.#expiry",
    tests: leases,
  },
  {
    name: "delete-that-deleted-nothing-taken-as-the-beginning-of-a-window",
    breaks: ["N6"],
    file: "src/cli/check/window.ts",
    find: "return !hasLease || output?.found === true;",
    replace: "return hasLease || output?.found !== true;",
    tests: checker,
  },
];
