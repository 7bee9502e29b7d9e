// The reference of the state machine: it answers what the state machine answers, to thousands of commands of all kinds.

import { expect, test } from "vitest";
import { equalBytes, utf8 } from "../../../src/base/bytes.ts";
import { Prng } from "../../../src/base/prng.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { MemoryStore } from "../../../src/machine/memory-store.ts";
import { entryTypes, type Entry } from "../../../src/raft/entry.ts";
import { type Command, type Condition, type SessionStamp, withTime } from "../../../src/wire/command.ts";
import { decodeResult } from "../../../src/wire/command-result.ts";
import { ReferenceMachine } from "./reference-machine.ts";
import { entryOf, noop, put } from "./support/commands.ts";

const usual = { sessionsMax: 16_384, pagesMax: 65_536, idleMs: 3_600_000 };

function randomKey(prng: Prng): Uint8Array {
  return Uint8Array.from({ length: prng.integer(1, 2) }, () => prng.integer(0, 3) * 85);
}

function randomCondition(prng: Prng): Condition | undefined {
  const kind = prng.integer(0, 5);
  if (kind === 0) return { kind: "absent" };
  if (kind === 1) return { kind: "version", version: prng.integer(0, 3) };
  if (kind === 2) return { kind: "value", value: utf8("x".repeat(prng.integer(0, 3))) };
  return undefined;
}

function randomSession(prng: Prng, index: number): SessionStamp | undefined {
  return prng.chance(0.3) ? undefined : { id: BigInt(prng.integer(1, 6)), sequence: Math.max(1, index + (prng.chance(0.1) ? prng.integer(1_000, 1_030) : prng.integer(-12, 6))) };
}

function randomCommand(prng: Prng, index: number): Command {
  const [key, session, condition, wantPrevious] = [randomKey(prng), randomSession(prng, index), randomCondition(prng), prng.chance(0.5)];
  const value = utf8("x".repeat(prng.chance(0.1) ? 5_000 : prng.integer(0, 3)));
  if (session !== undefined && prng.chance(0.1)) return { operation: "settle", session };
  const lease = BigInt(prng.integer(1, 4));
  if (prng.chance(0.04)) return closeOf(BigInt(prng.integer(1, 7)), session);
  switch (prng.integer(0, 9)) {
    case 0:
      return { operation: "delete", key, session, condition, wantPrevious };
    case 1:
      return { operation: "append", key, value, session };
    case 2:
      return { operation: "deleteRange", start: randomKey(prng), end: prng.chance(0.5) ? undefined : randomKey(prng), session };
    case 3:
      return { operation: "leaseGrant", lease, ttlMs: prng.integer(1, 2), session };
    case 4:
      return { operation: "leaseRevoke", lease, expiredGrant: prng.chance(0.5) ? undefined : Math.max(1, index - prng.integer(1, 30)), session };
    case 5:
    case 6:
      return { operation: "put", key, value, session, condition, wantPrevious, lease };
    default:
      return { operation: "put", key, value, session, condition, wantPrevious };
  }
}

/** None closes itself. */
function closeOf(target: bigint, session: SessionStamp | undefined): Command {
  return { operation: "sessionClose", target, session: session?.id === target ? undefined : session };
}

function randomEntry(prng: Prng, index: number): Entry {
  if (prng.chance(0.05)) return noop(index);
  const entry = entryOf(index, randomCommand(prng, index));
  if (prng.chance(0.02)) return { ...entry, data: entry.data.subarray(0, prng.integer(2, 39)) };
  // About a minute each, and now and then another leader's clock.
  return prng.chance(0.9) ? { ...entry, data: withTime(entry.data, 1_800_000_000_000 + index * 60_000 + (prng.chance(0.1) ? -3_000_000 : 0)) } : entry;
}

test.each([
  ["as many sessions as there are", usual],
  ["a table that is too small", { sessionsMax: 3, pagesMax: 130, idleMs: 3_600_000 }],
  ["sessions that are idle for too long", { sessionsMax: 16_384, pagesMax: 65_536, idleMs: 120_000 }],
])("it answers what the state machine answers, with %s", (_, sessionLimits) => {
  const prng = new Prng(7);
  const machine = new Machine({ store: new MemoryStore(), sessionLimits });
  const reference = new ReferenceMachine(sessionLimits);
  const statuses = new Set<string>();
  for (let index = 1; index <= 5_000; index += 1) {
    const entry = randomEntry(prng, index);
    const [wanted, found] = [machine.apply(entry), reference.apply(entry)];
    if (wanted !== undefined) statuses.add(decodeResult(wanted).status);
    const isEqual = wanted === undefined ? found === undefined : found !== undefined && equalBytes(wanted, found);
    if (!isEqual) expect(found, `entry ${index}`).toEqual(wanted);
  }
  expect([...statuses].toSorted()).toEqual(["conflict", "invalid", "leaseNotFound", "neverApplied", "ok", "sequenceAhead", "sessionExpired", "sessionNotFound"]);
});

test("a range with an empty end holds nothing, and more keys than one command may delete stay (S112)", () => {
  const reference = new ReferenceMachine(usual);
  reference.apply(put(1, "a", "1"));
  const deleteRange = (index: number, end: Uint8Array | undefined) =>
    decodeResult(reference.apply(entryOf(index, { operation: "deleteRange", start: new Uint8Array(0), end, session: undefined }))!);
  expect(deleteRange(2, new Uint8Array(0)).deleted).toBe(0);
  for (let index = 3; index <= 100_002; index += 1) reference.apply(put(index, `k${index}`, ""));
  expect(deleteRange(100_003, undefined)).toMatchObject({ status: "tooMany", deleted: 0 });
  expect(deleteRange(100_004, utf8("k")).deleted).toBe(1);
  expect(deleteRange(100_005, undefined)).toMatchObject({ status: "ok", deleted: 100_000 });
});

test("what is no command has no result", () => {
  const reference = new ReferenceMachine(usual);
  expect([reference.apply(noop(1)), reference.apply({ ...noop(2), type: entryTypes.membership })]).toEqual([undefined, undefined]);
});
