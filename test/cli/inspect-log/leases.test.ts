// What inspect-log and blame say of leases.

import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { Blame } from "../../../src/cli/inspect-log/blame.ts";
import { commandDocument } from "../../../src/cli/inspect-log/documents.ts";
import { entryText } from "../../../src/cli/inspect-log/entry-text.ts";
import { entryFacts } from "../../../src/daemon/log-inspection/entry-facts.ts";
import { crc32 } from "../../../src/platform/crc32.ts";
import { entryTypes } from "../../../src/raft/entry.ts";
import { encodeCommand, type Command } from "../../../src/wire/command.ts";
import type { LogEntry } from "../../../src/wire/log-inspection.ts";

const put = (key: string, lease?: bigint): Command => ({ operation: "put", key: utf8(key), value: utf8("v"), wantPrevious: false, lease });
const grant: Command = { operation: "leaseGrant", lease: 0xabn, ttlMs: 1_500 };
const revoked: Command = { operation: "leaseRevoke", lease: 0xabn };
const expired: Command = { operation: "leaseRevoke", lease: 0xabn, expiredGrant: 7 };

function entryOf(index: number, command: Command): LogEntry {
  return entryFacts({ index, term: 1, type: entryTypes.command, data: encodeCommand(command) }, { commitIndex: 100, content: "sizes", crc32 });
}

test.each<[Command, string, unknown]>([
  [grant, "lease grant 00000000000000ab  ttl 1500 ms", { op: "leaseGrant", lease: "00000000000000ab", ttlMs: 1_500 }],
  [revoked, "lease revoke 00000000000000ab", { op: "leaseRevoke", lease: "00000000000000ab", cause: "revoked" }],
  [expired, "lease expired 00000000000000ab  granted at 7", { op: "leaseRevoke", lease: "00000000000000ab", cause: "expired", grantIndex: "7" }],
  [put("k", 0xabn), "put k  1 bytes, crc 0f0f9344  lease 00000000000000ab", expect.objectContaining({ op: "put", key: "k", lease: "00000000000000ab" })],
])("an entry of a lease is shown with what it names: %#", (command, text, document) => {
  const entry = entryOf(1, command);
  expect(entryText(entry).replace(/crc [0-9a-f]{8}/, "crc 0f0f9344")).toBe(text);
  expect(commandDocument(entry.command!)).toEqual(document);
});

test("blame names the end of the lease that the last write had attached the key to, and of no other", () => {
  const blame = new Blame(utf8("k"), true);
  const commands = [grant, put("k", 0xabn), { ...revoked, lease: 1n } as const, expired, put("k", 0xabn), put("k"), revoked];
  const found = commands.flatMap((command, place) => blame.judge(entryOf(place + 1, command)) ?? []);
  expect(found.map(({ entry, effect, version }) => [entry.index, effect, version])).toEqual([[2, "written", 1], [4, "deleted", 0], [5, "written", 1], [6, "written", 2]]);
});
