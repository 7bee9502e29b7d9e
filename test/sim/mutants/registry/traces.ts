// Bugs in what a traced write is told of its life, and in the schemas of what commands print (N10).

import type { Mutant } from "../mutant.ts";

const traces = ["test/host/write-traces.test.ts"];

export const traceMutants: readonly Mutant[] = [
  {
    name: "acknowledged-one-entry-early",
    breaks: ["N10"],
    file: "src/host/write-traces.ts",
    find: "if (matchIndex >= index && !this.#durable.has(id))",
    replace: "if (matchIndex >= index - 1 && !this.#durable.has(id))",
    tests: traces,
  },
  {
    name: "quickest-member-named-as-straggler",
    breaks: ["N10"],
    file: "src/host/write-traces.ts",
    find: "left.durableMs! - right.durableMs!",
    replace: "right.durableMs! - left.durableMs!",
    tests: traces,
  },
  {
    name: "trace-ends-with-the-commit",
    breaks: ["N10"],
    file: "src/host/write-traces.ts",
    find: "if (this.#applied !== null && this.#durable.size === status.peers.length + 1) this.end();",
    replace: "if (this.#applied !== null) this.end();",
    tests: traces,
  },
  {
    name: "trace-of-a-deposed-leader-goes-on",
    breaks: ["N10"],
    file: "src/host/write-traces.ts",
    find: 'if (status.role !== "leader" || status.currentTerm !== this.term) return this.end();',
    replace: "",
    tests: traces,
  },
  {
    name: "ended-traces-looked-at-for-ever",
    breaks: ["N10"],
    file: "src/host/write-traces.ts",
    find: "this.#followed = this.#followed.filter((trace) => !trace.ended);",
    replace: "",
    tests: traces,
  },
  {
    name: "traces-without-bound",
    breaks: ["N10"],
    file: "src/host/write-traces.ts",
    find: "if (this.#kept.length > keptMax) this.#kept.shift()!.end();",
    replace: "",
    tests: traces,
  },
  {
    name: "wish-for-a-trace-lost-at-the-hop",
    breaks: ["N10"],
    file: "src/host/leader-gateway.ts",
    find: "command, ...(options.trace === true && { trace: true }) };",
    replace: "command };",
    tests: traces,
  },
  {
    name: "trace-field-on-every-proposal",
    breaks: ["N10"],
    file: "src/wire/peer-requests.ts",
    find: "if (trace === true) fields.push(true);",
    replace: "fields.push(trace === true);",
    tests: ["test/wire/golden.test.ts", "test/wire/messages.test.ts"],
  },
];
