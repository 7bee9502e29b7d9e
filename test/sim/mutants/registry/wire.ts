// Bugs in the bytes between nodes and in commands: order of fields, regions, numbers, limits (§5.1; T5, T11, T12).

import type { Mutant } from "../mutant.ts";

const messages = ["test/wire/messages.test.ts", "test/wire/golden.test.ts"];
const command = ["test/wire/command.test.ts"];

export const wireMutants: readonly Mutant[] = [
  {
    name: "entries-of-another-region-sent",
    breaks: ["H48", "H50"],
    file: "src/host/messenger.ts",
    find: "encodeEntries(entries, this.#options.region, this.#options.crc32)",
    replace: "encodeEntries(entries, (this.#options.region + 1) as RegionId, this.#options.crc32)",
    tests: ["test/host/messenger.test.ts", "test/host/cluster.test.ts"],
  },
  {
    name: "entries-of-another-region-taken",
    breaks: ["H48", "H50"],
    file: "src/storage/wal/record.ts",
    find: "if (record.region !== region)",
    replace: "if (record.region < 0)",
    tests: ["test/storage/wal/record.test.ts"],
  },
  {
    name: "outdated-run-of-entries-sent",
    breaks: ["S6"],
    file: "src/host/messenger.ts",
    find: "if (this.#run?.first !== first || this.#run.last !== last) {",
    replace: "if (this.#run?.first.index !== first.index || this.#run.last.index !== last.index) {",
    tests: ["test/host/messenger.test.ts"],
  },
  {
    name: "log-position-swapped-in-a-vote-request",
    breaks: ["H3", "S8"],
    file: "src/wire/peer-requests.ts",
    find: "rpc.lastLogIndex, rpc.lastLogTerm, rpc.leadershipTransfer",
    replace: "rpc.lastLogTerm, rpc.lastLogIndex, rpc.leadershipTransfer",
    tests: messages,
  },
  {
    name: "previous-position-swapped-in-an-append",
    breaks: ["S8"],
    file: "src/wire/peer-requests.ts",
    find: "rpc.prevLogIndex, rpc.prevLogTerm, rpc.leaderCommit,",
    replace: "rpc.prevLogTerm, rpc.prevLogIndex, rpc.leaderCommit,",
    tests: messages,
  },
  {
    name: "conflict-swapped-in-a-response",
    breaks: ["S8"],
    file: "src/wire/peer-responses.ts",
    find: "response.conflictIndex, response.conflictTerm,",
    replace: "response.conflictTerm, response.conflictIndex,",
    tests: messages,
  },
  {
    name: "message-numbers-changed",
    breaks: ["S8"],
    file: "src/wire/peer-protocol.ts",
    find: "requestVote: 1, preVote: 2,",
    replace: "requestVote: 2, preVote: 1,",
    tests: messages,
  },
  {
    name: "end-of-a-transfer-not-said",
    breaks: ["H33"],
    file: "src/wire/peer-requests.ts",
    find: 'done: fields.boolean("done"),',
    replace: 'done: fields.boolean("done") && fields === undefined,',
    tests: messages,
  },
  {
    name: "value-takes-in-the-condition",
    breaks: ["S20"],
    file: "src/wire/command.ts",
    find: "value: bytes.subarray(valueStart, valueEnd), condition",
    replace: "value: bytes.subarray(valueStart), condition",
    tests: command,
  },
  {
    name: "sequence-lost-in-a-command",
    breaks: ["S112"],
    file: "src/wire/command.ts",
    find: "writeSafeU64(bytes, 24, session.sequence);",
    replace: "writeSafeU64(bytes, 24, 1);",
    tests: command,
  },
  {
    name: "another-cluster-taken-for-ours",
    breaks: ["T11"],
    file: "src/wire/handshake.ts",
    find: "if (hello.clusterId !== local.clusterId)",
    replace: 'if (hello.role === "probe")',
    tests: ["test/wire/handshake.test.ts"],
  },
  {
    name: "impossible-messages-believed",
    breaks: ["T12"],
    file: "src/raft/message-check.ts",
    find: "if (entry.index !== index || entry.term < term || !Number.isSafeInteger(entry.term)) return false;",
    replace: "if (entry.index < 0) return false;",
    tests: ["test/raft/message-check.test.ts"],
  },
  {
    name: "abandoned-answer-kept-in-memory",
    breaks: ["T9"],
    file: "src/platform/answer-channel.ts",
    find: "this.#socket.abandon(frame);",
    replace: "",
    tests: ["test/platform/request-server.test.ts"],
  },
];
