// Levels of the cluster version: what may be written at which one, and which program can serve it (PRODUCT §1 row 5).

import { expect, test } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { entryTypes } from "../../src/raft/entry.ts";
import { admissionFault, clusterVersions, commandsAllowed, finalizedLevel, levelFault, parseLevel, rangeText, type ClusterVersions } from "../../src/wire/cluster-version.ts";
import { encodeCommand, operationOf, type Command } from "../../src/wire/command.ts";

const later: ClusterVersions = { oldest: 2, newest: 4, commands: { put: 1, delete: 2, deleteRange: 3, append: 4, set: 1, settle: 1, txn: 4, leaseGrant: 1, leaseRevoke: 5, sessionClose: 3 }, entries: { noop: 1, command: 1, membership: 1 } };
const key = utf8("k");
const value = utf8("v");
const commands: readonly Command[] = [
  { operation: "put", key, value, wantPrevious: false },
  { operation: "delete", key, wantPrevious: false },
  { operation: "deleteRange", start: key, end: undefined },
  { operation: "append", key, value },
  { operation: "set", key, value },
  { operation: "settle", session: { id: 1n, sequence: 1 } },
  { operation: "txn", body: new Uint8Array(4) },
  { operation: "leaseGrant", lease: 1n, ttlMs: 1 },
  { operation: "leaseRevoke", lease: 1n },
  { operation: "sessionClose", target: 1n },
];
const allowedAt = (level: number, versions: ClusterVersions): string[] =>
  commands.map(encodeCommand).flatMap((bytes) => (admissionFault(bytes, versions, () => level) === undefined ? [operationOf(bytes)] : []));

test("every kind of command and entry has its level, and what leaders write without asking stands at the oldest", () => {
  expect(Object.keys(clusterVersions.commands).toSorted()).toEqual(commands.map(({ operation }) => operation).toSorted());
  expect(Object.keys(clusterVersions.entries).toSorted()).toEqual(Object.keys(entryTypes).toSorted());
  const { oldest, newest, entries } = clusterVersions;
  expect([entries.noop <= oldest, entries.membership <= oldest, oldest <= newest]).toEqual([true, true, true]);
  for (const level of [...Object.values(clusterVersions.commands), ...Object.values(entries)]) expect(level).toBeLessThanOrEqual(newest);
});

test("a command may be written from its level on and not before; the refusal names both levels and the verb", () => {
  expect([2, 3, 4].map((level) => allowedAt(level, later))).toEqual([
    ["put", "delete", "set", "settle", "leaseGrant"], ["put", "delete", "deleteRange", "set", "settle", "leaseGrant", "sessionClose"],
    ["put", "delete", "deleteRange", "append", "set", "settle", "txn", "leaseGrant", "sessionClose"],
  ]);
  expect(admissionFault(encodeCommand(commands[3]!), later, () => 3)).toMatchObject({
    code: "INCOMPATIBLE", exit: 15, message: "append needs cluster version 4, the cluster has finalized 3", hint: expect.stringContaining("raftctl upgrade finalize") as string, details: { finalized: 3, needed: 4 },
  });
});

test("an entry type that is newer than the commands in it holds all of them back", () => {
  expect(allowedAt(3, { ...later, entries: { ...later.entries, command: 4 } })).toEqual([]);
});

test("what stands at the oldest level is let in without a look at the state", () => {
  const never = (): number => {
    throw new Error("nobody has to ask");
  };
  expect(admissionFault(encodeCommand(commands[0]!), later, never)).toBeUndefined();
});

test("a program serves the levels of its range; others are refused with both and what to install", () => {
  expect([1, 2, 4, 5].map((level) => levelFault(level, later)?.message)).toEqual([
    "the cluster has finalized version 1, this program knows 2 to 4", undefined, undefined, "the cluster has finalized version 5, this program knows 2 to 4",
  ]);
  expect(levelFault(5, later)).toMatchObject({ code: "INCOMPATIBLE", details: { finalized: 5, oldest: 2, newest: 4 }, hint: expect.stringContaining("or a newer one") as string });
  expect(levelFault(1, later)?.hint).toContain("finalize with it");
});

test("a level is a positive number in one form; a cluster that never finalized one is at 1", () => {
  expect(["1", "42", "999999999"].map(parseLevel)).toEqual([1, 42, 999_999_999]);
  for (const text of [undefined, "", "0", "01", "-1", "1.0", "1e3", " 1", "1000000000", "two"]) expect(parseLevel(text), text).toBeUndefined();
  expect([finalizedLevel(undefined), finalizedLevel("7")]).toEqual([1, 7]);
  expect(() => finalizedLevel("seven")).toThrow(expect.objectContaining({ code: "CORRUPT" }));
});

test("what a step from one level to another allows is what stands above the one and not above the other", () => {
  expect(commandsAllowed(later, { above: 2, upTo: 4 })).toEqual(["deleteRange", "append", "txn", "sessionClose"]);
  expect(commandsAllowed(later, { above: 2, upTo: 3 })).toEqual(["deleteRange", "sessionClose"]);
  expect([rangeText({ min: 1, max: 1 }), rangeText({ min: 1, max: 3 })]).toEqual(["1", "1 to 3"]);
});
