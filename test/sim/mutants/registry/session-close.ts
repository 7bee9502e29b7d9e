// Bugs in closing sessions, and in what is told of those that there are (dissertation §6.3).

import type { Mutant } from "../mutant.ts";

const file = "src/machine/sessions.ts";
const tests = ["test/machine/session-close.test.ts"];

export const sessionCloseMutants: readonly Mutant[] = [
  { name: "closed-session-executes-what-it-did-before", breaks: ["S112", "H37"], file, find: "this.#open(id, floor);", replace: "this.#open(id, this.#horizon.forgotten);", tests },
  { name: "closing-expires-who-has-just-begun", breaks: ["S112"], file, find: "    const floor = Math.max(index, session.sequenceMax);\n    this.#remove(", replace: "    const floor = Math.max(index, session.sequenceMax);\n    this.#forget(", tests },
  { name: "closing-forgets-which-numbers-were-used", breaks: ["S112", "H37"], file, find: "const floor = Math.max(index, session.sequenceMax);", replace: "const floor = index;", tests },
  { name: "closed-session-is-closed-again", breaks: ["S112"], file, find: "if (session === undefined || isClosed(session)) return undefined;", replace: "if (session === undefined) return undefined;", tests },
  { name: "closed-session-is-listed", breaks: ["S112"], file, find: "session.id >= from && !isClosed(session)", replace: "session.id >= from", tests },
  { name: "session-promised-to-last-longer", breaks: ["S112"], file: "src/machine/session-horizon.ts", find: "({ index }) => index >= lastUse)?.time", replace: "({ index }) => index > lastUse)?.time", tests },
  { name: "session-list-without-bound", breaks: ["S112"], file: "src/machine/session-list.ts", find: " || bytesCounted >= bytesCountedMax", replace: "", tests },
  {
    name: "session-closes-itself",
    breaks: ["S112"],
    file: "src/wire/command.ts",
    find: "readSafeU64(bytes, 32) === 0 && !isOwnSession(bytes);",
    replace: "readSafeU64(bytes, 32) === 0;",
    tests: ["test/wire/command.test.ts"],
  },
  {
    name: "refused-request-of-a-closed-session-called-repeated",
    breaks: ["N12"],
    file: "src/daemon/history/replay.ts",
    find: '  if (status === "sessionExpired") return "expired";\n  if (index !== executed.index) return "repeated";',
    replace: '  if (index !== executed.index) return "repeated";\n  if (status === "sessionExpired") return "expired";',
    tests: ["test/cli/inspect-log/session-close.test.ts"],
  },
  {
    name: "committed-answered-whatever-becomes-of-the-session",
    breaks: ["S44", "S112"],
    file: "src/host/proposals.ts",
    find: "if (isCertain(entry))",
    replace: "if (isCertain(entry) || entry.index > 0)",
    tests: ["test/host/proposals.test.ts"],
  },
  {
    name: "commit-is-certain-behind-a-close",
    breaks: ["S44", "S112"],
    file: "src/machine/commit-certainty.ts",
    find: 'new Set(["sessionClose", "settle"])',
    replace: 'new Set(["settle"])',
    tests: ["test/machine/commit-certainty.test.ts"],
  },
  {
    name: "commit-is-certain-however-full-the-table",
    breaks: ["S44", "S112"],
    file: "src/machine/commit-certainty.ts",
    find: "    room -= 1;\n",
    replace: "",
    tests: ["test/machine/commit-certainty.test.ts"],
  },
  {
    name: "commit-is-certain-at-any-time",
    breaks: ["S44", "S112"],
    file: "src/machine/commit-certainty.ts",
    find: "if (time !== undefined && sessions.mayExpireAt(time)) return index;",
    replace: "if (time !== undefined && sessions.mayExpireAt(time)) return index + 1;",
    tests: ["test/machine/commit-certainty.test.ts"],
  },
];
