// Bugs in transactions: what they compare, that all of their steps are done or none, and what is told of them.

import type { Mutant } from "../mutant.ts";

const machine = ["test/machine/txn.test.ts"];
const machineFile = "src/machine/txn.ts";

export const txnMutants: readonly Mutant[] = [
  {
    name: "txn-holds-when-one-comparison-does",
    breaks: ["S112"],
    file: machineFile,
    find: "txn.compare.every((comparison)",
    replace: "(txn.compare.length === 0 || txn.compare.some)((comparison)",
    tests: machine,
  },
  {
    name: "txn-leaves-its-last-step-undone",
    breaks: ["S112"],
    file: machineFile,
    find: "const steps = held ? txn.then : txn.else;",
    replace: "const steps = (held ? txn.then : txn.else).slice(0, Math.max(1, (held ? txn.then : txn.else).length - 1));",
    tests: machine,
  },
  {
    name: "txn-deletes-as-much-as-it-likes",
    breaks: ["T25"],
    file: machineFile,
    find: "if (keysDoomed(steps, place) > keysDeletedMax)",
    replace: "if (keysDoomed(steps.slice(0, 2), place) > keysDeletedMax)",
    tests: machine,
  },
  {
    name: "txn-value-of-an-absent-key-is-empty",
    breaks: ["S112"],
    file: machineFile,
    find: "return record !== undefined && relates(",
    replace: "return record === undefined ? comparison.value.length === 0 : relates(",
    tests: machine,
  },
  {
    name: "txn-answers-without-a-bound",
    breaks: ["T25"],
    file: machineFile,
    find: "return this.#room >= 0;",
    replace: "return this.#room >= Number.NEGATIVE_INFINITY;",
    tests: machine,
  },
  {
    name: "txn-large-outcomes-forgotten-in-silence",
    breaks: ["S112"],
    file: "src/wire/command-result.ts",
    find: "return (header[2]! & (previousFlag | stepsFlag)) !== 0;",
    replace: "return (header[2]! & previousFlag) !== 0;",
    tests: machine,
  },
  {
    name: "txn-may-write-a-key-twice",
    breaks: ["S112"],
    file: "src/wire/txn.ts",
    find: "    checkDisjoint(side);\n",
    replace: "",
    tests: ["test/wire/txn.test.ts"],
  },
  {
    name: "txn-open-ranges-overlap-unseen",
    breaks: ["S112"],
    file: "src/wire/txn.ts",
    find: "before === undefined || (before.end !== undefined && compareBytes(before.end, start) <= 0)",
    replace: "before?.end === undefined || compareBytes(before.end, start) <= 0",
    tests: ["test/wire/txn.test.ts"],
  },
  {
    name: "txn-nonsense-passes-the-door",
    breaks: ["T25"],
    file: "src/wire/txn.ts",
    find: 'if (command.operation === "txn") decodeTxn(command.body);',
    replace: "",
    tests: ["test/wire/txn.test.ts"],
  },
  {
    name: "txn-outcomes-of-the-wrong-side",
    breaks: ["N5"],
    file: "src/client/txn.ts",
    find: "(succeeded === true ? request.then : request.else)",
    replace: "(succeeded === true || request.else === undefined ? request.then : request.then ?? request.else)",
    tests: ["test/client/client.test.ts"],
  },
  {
    name: "history-does-not-know-what-transactions-compare",
    breaks: ["N12"],
    file: "src/daemon/history/influences.ts",
    find: "for (const { key } of command.txn.compare) this.#add(key);",
    replace: "",
    tests: ["test/daemon/history/reconstruction.test.ts"],
  },
  {
    name: "history-calls-every-transaction-a-write",
    breaks: ["N12"],
    file: "src/daemon/history/replay.ts",
    find: 'effect === "written" && command.operation === "txn" ? this.#effectOfTxn(before, result) : effect',
    replace: "effect",
    tests: ["test/daemon/history/reconstruction.test.ts"],
  },
  {
    name: "quota-does-not-see-into-transactions",
    breaks: ["H45"],
    file: "src/daemon/space-quota.ts",
    find: "total + (step.operation === \"put\" ? this.#growthBy(step) : 0)",
    replace: "total",
    tests: ["test/daemon/space-quota.test.ts"],
  },
];
