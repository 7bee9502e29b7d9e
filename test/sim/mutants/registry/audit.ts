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
  {
    name: "halted-node-tells-the-doctor-what-it-was",
    breaks: ["S42", "N1"],
    file: "src/daemon/facts.ts",
    find: "...(divergence === null",
    replace: "...(divergence !== undefined",
    tests: ["test/daemon/divergence.test.ts"],
  },
  {
    name: "halted-node-votes-for-the-doctor",
    breaks: ["S42", "N1"],
    file: "src/cli/doctor/election.ts",
    find: "if (isHalted(picture.nodes.get(id))) return",
    replace: "if (picture.nodes.get(id)?.raft.divergence === undefined) return",
    tests: ["test/cli/doctor/divergence.test.ts"],
  },
  {
    name: "halted-leader-leads-for-the-doctor",
    breaks: ["S42", "N1"],
    file: "src/cli/doctor/picture.ts",
    find: " && !halted.has(raft.leader))",
    replace: " && !halted.has(raft.role ?? \"\"))",
    tests: ["test/cli/doctor/divergence.test.ts"],
  },
  {
    name: "directory-is-thrown-away-while-nobody-knows-who-is-right",
    breaks: ["S42", "N1"],
    file: "src/cli/doctor/rules/divergence.ts",
    find: 'actions: severity === "outage" ? findOutWhoIsRight(found, halted) :',
    replace: 'actions: severity === "degraded" && halted.length === 0 ? findOutWhoIsRight(found, halted) :',
    tests: ["test/cli/doctor/divergence.test.ts"],
  },
];
