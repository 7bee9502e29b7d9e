// Planted bugs in what programs use: embedded nodes and their restart rule, and a client whose caller gives up. All are found by tests of the library.

import type { Mutant } from "../mutant.ts";

const formation = ["test/embedding/formation.test.ts"];
const embedded = ["test/embedding/raft.test.ts"];
const abort = ["test/client/abort.test.ts"];

export const libraryMutants: readonly Mutant[] = [
  {
    name: "embedded-founder-comes-back",
    file: "src/embedding/formation.ts",
    find: "if (this.#takesPart && known !== incarnation) throw forgotten(from);",
    replace: "",
    breaks: ["S105"],
    tests: formation,
  },
  {
    name: "embedded-takes-part-before-all-have-met",
    file: "src/embedding/formation.ts",
    find: "await Promise.all(founders.filter((founder) => founder !== id).map((founder) => this.#greet(founder)));",
    replace: "await Promise.all(founders.slice(0, 2).filter((founder) => founder !== id).map((founder) => this.#greet(founder)));",
    breaks: ["S105"],
    tests: formation,
  },
  {
    name: "embedded-regions-of-all-starts-are-one",
    file: "src/embedding/formation.ts",
    find: "return parseRegionId(Math.max(2, crc32(utf8(text))));",
    replace: "return parseRegionId(Math.max(2, crc32(utf8(text.length > 0 ? \"region\" : \"\"))));",
    breaks: ["S105"],
    tests: formation,
  },
  {
    name: "embedded-follower-is-readable-at-once",
    file: "src/embedding/raft.ts",
    find: "this.#whileNobodyLeads((remainingMs) => this.#hosted.gateway.readable(remainingMs), { timeoutMs, signal });",
    replace: "this.#whileNobodyLeads(async (remainingMs) => remainingMs, { timeoutMs, signal });",
    breaks: ["S118"],
    tests: embedded,
  },
  {
    name: "embedded-abort-says-nothing-was-done",
    file: "src/embedding/raft.ts",
    find: "() => new RaftctlError(\"UNKNOWN_OUTCOME\", \"the caller gave up waiting",
    replace: "() => new RaftctlError(\"CANCELLED\", \"the caller gave up waiting",
    breaks: ["S37"],
    tests: embedded,
  },
  {
    name: "embedded-undecodable-command-enters-the-log",
    file: "src/embedding/settings.ts",
    find: "return canDecode(codec, command) ? command :",
    replace: "return canDecode(codec, command) || command.length > 0 ? command :",
    breaks: ["S33"],
    tests: embedded,
  },
  {
    name: "client-abort-of-a-sent-write-is-called-unsent",
    file: "src/client/connection.ts",
    find: "throw cancelled(deadline.signal!, !isUnsent(error));",
    replace: "throw cancelled(deadline.signal!, false);",
    breaks: ["S112"],
    tests: abort,
  },
];
