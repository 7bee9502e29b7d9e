// States that part, and nobody notices.

import type { Mutant } from "../mutant.ts";

const tests = ["test/host/state-audit.test.ts"];

export const auditMutants: readonly Mutant[] = [
  {
    name: "verdict-of-a-majority-not-compared",
    breaks: ["S42", "H38"],
    file: "src/host/state-audit.ts",
    find: "if (own.digest !== verdict.digest) {",
    replace: "if (own.index !== verdict.index) {",
    tests,
  },
  {
    name: "leader-takes-every-report-for-equal",
    breaks: ["S42", "H38"],
    file: "src/host/state-audit.ts",
    find: "if (own.digest === report.digest) reported.agreed",
    replace: "if (own.index === report.index) reported.agreed",
    tests,
  },
  {
    name: "leader-in-the-minority-goes-on",
    breaks: ["S42"],
    file: "src/host/state-audit.ts",
    find: 'if (against === "lost") {',
    replace: 'if (against === "won") {',
    tests,
  },
  {
    name: "undecided-difference-forgotten",
    breaks: ["S42"],
    file: "src/host/state-audit.ts",
    find: "} else this.#armDeadline();",
    replace: "}",
    tests,
  },
  {
    name: "verdict-counted-without-a-majority",
    breaks: ["S42"],
    file: "src/host/state-audit.ts",
    find: "const agreed = quorumValue(core.membership, (voter) => (voter === id ? newest : (this.#reported.get(voter)?.agreed ?? 0)));",
    replace: "const agreed = newest;",
    tests,
  },
  {
    name: "checkpoints-not-stored",
    breaks: ["S42", "H39"],
    file: "src/machine/machine.ts",
    find: "if (this.#checkpoints !== before) transaction.put(",
    replace: "if (this.#checkpoints.length < 0) transaction.put(",
    tests: ["test/machine/checkpoints.test.ts"],
  },
  {
    name: "stale-read-of-a-halted-node",
    breaks: ["S42"],
    file: "src/daemon/client-server.ts",
    find: "if (raft.divergence !== undefined) throw raft.divergence;",
    replace: "",
    tests: ["test/daemon/divergence.test.ts"],
  },
  {
    name: "halted-node-does-not-say-so",
    breaks: ["S42"],
    file: "src/daemon/node-status.ts",
    find: '...(raft.divergence === undefined ? [] : ["CORRUPT"])',
    replace: "...[]",
    tests: ["test/daemon/divergence.test.ts"],
  },
];
