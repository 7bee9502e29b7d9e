import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { encodeTxn } from "../../../src/wire/txn.ts";
import type { Entry } from "../../../src/raft/entry.ts";
import { RulesKept } from "./rules-kept.ts";
import { entryOf, noop, put } from "./support/commands.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

const limits = { sessionsMax: 10, pagesMax: 10, idleMs: 1_000 };
const unique = { prefix: "seat/", unique: ["/seat"] };
const immutable = { prefix: "once/", immutable: true };

function rules(index: number, ...documents: readonly object[]): Entry {
  return entryOf(index, { operation: "set", key: utf8("rules"), value: utf8(JSON.stringify({ revision: index, rules: documents })) });
}

function seat(index: number, key: string, number: number): Entry {
  return put(index, `seat/${key}`, JSON.stringify({ seat: number, by: `${key}.${index}` }));
}

function remove(index: number, key: string): Entry {
  return entryOf(index, { operation: "delete", key: utf8(key), wantPrevious: false });
}

function applied(...log: readonly Entry[]): { property: RulesKept; apply: () => void } {
  const property = new RulesKept(limits);
  const replica = new ReplicaDouble("n1");
  replica.entries = [...log];
  return { property, apply: () => property.applied(replica, log) };
}

test("two keys with one value at a unique field are found in the entry that brings it about, and when a rule is set over them", () => {
  expect(applied(rules(1, unique), seat(2, "a", 1), seat(3, "b", 1)).apply).toThrow('Rules Kept: behind index 3, seat/b and seat/a have the same /seat: 1');
  expect(applied(seat(1, "a", 1), seat(2, "b", 1), noop(3), rules(4, unique)).apply).toThrow("behind index 4");
  const move = encodeTxn({ compare: [], then: [{ operation: "put", key: utf8("seat/b"), value: utf8('{"seat":1}'), wantPrevious: false }], else: [] });
  expect(applied(rules(1, unique), seat(2, "a", 1), entryOf(3, { operation: "txn", body: move })).apply).toThrow("behind index 3");
});

test("what comes one after the other, what is elsewhere, and what no rule forbids any more, are nothing to find", () => {
  applied(rules(1, unique, immutable), seat(2, "a", 1), remove(3, "seat/a"), seat(4, "b", 1), seat(5, "b", 1), seat(6, "c", 2), put(7, "other", "x"), put(8, "other", "x")).apply();
  applied(rules(1, unique), seat(2, "a", 1), rules(3), seat(4, "b", 1), put(5, "once/1", "x"), put(6, "once/1", "y")).apply();
  const swap = encodeTxn({
    compare: [], else: [],
    then: [{ operation: "put", key: utf8("seat/b"), value: utf8('{"seat":1}'), wantPrevious: false }, { operation: "delete", key: utf8("seat/a"), wantPrevious: false }],
  });
  applied(rules(1, unique), seat(2, "a", 1), entryOf(3, { operation: "txn", body: swap })).apply();
});

test("a key that may not be changed is found when it is, and may be made again after it was deleted", () => {
  expect(applied(rules(1, immutable), put(2, "once/1", "x"), put(3, "once/1", "y")).apply).toThrow("Rules Kept: index 3 changes once/1, which is immutable");
  expect(applied(put(1, "once/1", "x"), rules(2, immutable), put(3, "once/1", "y")).apply).toThrow("index 3");
  applied(rules(1, immutable), put(2, "once/1", "x"), remove(3, "once/1"), put(4, "once/1", "y")).apply();
});

test("what was refused and is written all the same is found, whichever comes first", () => {
  const later = applied(put(1, "k", "mine"));
  later.property.refused("mine");
  expect(later.apply).toThrow("Rules Kept: index 1 writes mine to k, which was refused");
  const earlier = applied(put(1, "k", "mine"), put(2, "k", "yours"));
  earlier.apply();
  expect(() => earlier.property.refused("mine")).toThrow("mine was refused, and had been written");
  earlier.property.refused("nobody's");
});

test("a log that was applied unseen is read from who has it, and a gap that nobody can fill is told", () => {
  const property = new RulesKept(limits);
  const replica = new ReplicaDouble("n1");
  replica.entries = [rules(1, unique), seat(2, "a", 1), seat(3, "b", 1)];
  expect(() => property.applied(replica, replica.entries.slice(2))).toThrow("behind index 3");
  const blind = new RulesKept(limits);
  const other = new ReplicaDouble("n2");
  other.entries = [];
  expect(() => blind.applied(other, [seat(5, "a", 1)])).toThrow("nobody was seen to apply index 1");
});
