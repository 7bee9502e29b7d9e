// The history of a key that was attached to a lease: which end of which lease deleted it.

import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { BaseState } from "../../../src/daemon/history/base-state.ts";
import { Reconstruction } from "../../../src/daemon/history/reconstruction.ts";
import { entryFacts } from "../../../src/daemon/log-inspection/entry-facts.ts";
import { crc32 } from "../../../src/platform/crc32.ts";
import { entryTypes } from "../../../src/raft/entry.ts";
import { encodeCommand, type Command } from "../../../src/wire/command.ts";

const put = (key: string, lease?: bigint): Command => ({ operation: "put", key: utf8(key), value: utf8("v"), wantPrevious: false, lease });
const grant = (lease: bigint): Command => ({ operation: "leaseGrant", lease, ttlMs: 1_000 });
const revoke = (lease: bigint, expiredGrant?: number): Command => ({ operation: "leaseRevoke", lease, expiredGrant });

function eventsOf(commands: readonly Command[], { from = 1, bases = [BaseState.beginning(utf8("a"))] } = {}): [number, string, string, number | undefined][] {
  const reconstruction = new Reconstruction(utf8("a"), bases);
  for (const [place, command] of commands.entries()) {
    const entry = { index: from + place, term: 1, type: entryTypes.command, data: encodeCommand(command) };
    reconstruction.take(entryFacts(entry, { commitIndex: 100, content: "payload", crc32 }), "n1");
  }
  return reconstruction.result.events.map(({ index, effect, command, version }) => [index, command.operation, effect, version]);
}

test("an end that took the key along is an event, with its cause; the ends of others, and one that means another grant, are none", () => {
  const commands = [grant(1n), grant(2n), put("a", 1n), put("b", 2n), revoke(2n), revoke(1n, 9), revoke(1n, 1), put("a"), grant(1n), revoke(1n)];
  expect(eventsOf(commands)).toEqual([[3, "put", "written", 1], [7, "leaseRevoke", "deleted", 0], [8, "put", "written", 1]]);
});

test("a put with a lease that does not exist is shown as refused", () => {
  expect(eventsOf([put("a", 1n), grant(1n), put("a", 1n)])).toEqual([[1, "put", "refused", 0], [3, "put", "written", 1]]);
});

test("where no state stands before the entries, nothing is said for certain of a key that was put with a lease", () => {
  expect(eventsOf([put("a"), put("a", 1n), revoke(1n)], { from: 5, bases: [] })).toEqual([[5, "put", "written", undefined], [6, "put", "unknown", undefined]]);
});
