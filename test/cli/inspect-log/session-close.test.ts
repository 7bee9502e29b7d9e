// What is said of the entry that closes a session, and of requests that come after it.

import { expect, test } from "vitest";
import { commandDocument } from "../../../src/cli/inspect-log/documents.ts";
import { entryText } from "../../../src/cli/inspect-log/entry-text.ts";
import { effectOf } from "../../../src/daemon/history/replay.ts";
import { entryFacts } from "../../../src/daemon/log-inspection/entry-facts.ts";
import { crc32 } from "../../../src/platform/crc32.ts";
import { entryTypes } from "../../../src/raft/entry.ts";
import { encodeCommand } from "../../../src/wire/command.ts";

test("the entry that closes a session is shown with the session, beside the stamp of whoever closed it", () => {
  const data = encodeCommand({ operation: "sessionClose", target: 2n ** 64n - 1n, session: { id: 7n, sequence: 3 } });
  const entry = entryFacts({ index: 9, term: 1, type: entryTypes.command, data }, { commitIndex: 100, content: "sizes", crc32 });
  expect(entryText(entry)).toBe("session close 18446744073709551615  session 7:3");
  expect(commandDocument(entry.command!)).toEqual({ op: "sessionClose", target: "18446744073709551615" });
});

test("a request that its closed session is remembered to refuse has expired, and is no repetition (N12)", () => {
  const command = { operation: "put", key: new Uint8Array(1), end: null, value: null, condition: null } as const;
  const refused = { status: "sessionExpired", version: 0, index: 5, deleted: 0, previous: undefined, previousDropped: false } as const;
  expect([5, 9].map((index) => effectOf(refused, { index, command, hadRecord: true }))).toEqual(["expired", "expired"]);
});
