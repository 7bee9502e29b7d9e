// Planted bugs in what programs use: embedded nodes and their restart rule, and a client whose caller gives up. All are found by tests of the library.

import type { Mutant } from "../mutant.ts";

const formation = ["test/embedding/formation.test.ts"];
const embedded = ["test/embedding/raft.test.ts"];
const sessions = ["test/embedding/sessions.test.ts"];
const transport = ["test/platform/custom-transport.test.ts"];
const abort = ["test/client/abort.test.ts"];
const connection = ["test/client/connection.test.ts"];

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
    find: "Promise<number> => this.#hosted.gateway.readable(remainingMs);",
    replace: "Promise<number> => Promise.resolve(remainingMs);",
    breaks: ["S118"],
    tests: embedded,
  },
  {
    name: "embedded-abort-says-nothing-was-done",
    file: "src/embedding/requests.ts",
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
    name: "embedded-snapshot-without-sessions",
    file: "src/embedding/executor.ts",
    find: "    this.#sessions = sessions;",
    replace: "    this.#sessions = sessions.size > 0 ? new SessionTable() : sessions;",
    breaks: ["S32", "S112"],
    tests: sessions,
  },
  {
    name: "embedded-session-used-on-while-its-request-is-in-doubt",
    file: "src/embedding/requests.ts",
    find: "if (toRaftctlError(error).outcome === \"none\") this.#free.push(session);",
    replace: "this.#free.push(toRaftctlError(error).outcome === \"none\" ? session : stamp);",
    breaks: ["S32"],
    tests: sessions,
  },
  {
    name: "embedded-forgotten-sessions-may-begin-again",
    file: "src/embedding/session-table.ts",
    find: "this.#forgotten = Math.max(this.#forgotten, sequence);",
    replace: "this.#forgotten = Math.min(this.#forgotten, sequence);",
    breaks: ["S32", "S112"],
    tests: sessions,
  },
  {
    name: "embedded-change-that-nobody-waits-for-is-called-cancelled",
    file: "src/embedding/raft.ts",
    find: "return untilDone(this.#region.changeMembership(change), callLimits, this.#clock);",
    replace: "return whileWaiting(this.#region.changeMembership(change), callLimits, this.#clock);",
    breaks: ["S28"],
    tests: embedded,
  },
  {
    name: "transport-base-talks-to-whom-the-directory-refuses",
    file: "src/embedding/transport-base.ts",
    find: "      if (refusal !== undefined) throw refusal;",
    replace: "",
    breaks: ["S13"],
    tests: transport,
  },
  {
    name: "transport-base-calls-on-after-it-was-stopped",
    file: "src/embedding/transport-base.ts",
    find: "if (this.#stopped || signal?.aborted === true)",
    replace: "if (signal?.aborted === true)",
    breaks: ["S13"],
    tests: transport,
  },
  {
    name: "client-goes-on-asking-who-is-silent",
    file: "src/client/connection.ts",
    find: "if (error.code === \"TIMEOUT\") endpoint.fellSilent(channel, heardBefore, remaining);",
    replace: "",
    breaks: ["H24"],
    tests: [...connection, "test/client/frozen-daemon.test.ts"],
  },
  {
    name: "client-dials-who-is-silent-first",
    file: "src/client/connection.ts",
    find: "if (endpoint.isSilent) return 3;",
    replace: "",
    breaks: ["H24"],
    tests: connection,
  },
  {
    name: "client-opens-a-connection-for-each-asker",
    file: "src/client/endpoint.ts",
    find: "    if (this.#dialling !== undefined) return this.#inTime(this.#dialling, timeoutMs);",
    replace: "",
    breaks: ["S109"],
    tests: connection,
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
