import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import type { KeyValueRecord } from "../../../src/wire/client-protocol.ts";
import { PageConsistency } from "./page-consistency.ts";
import type { PageView } from "./property.ts";
import { entryOf, noop, put } from "./support/commands.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

const limits = { sessionsMax: 10, pagesMax: 10, idleMs: 1_000 };

function record(key: string, value: string, modIndex: number, { version = 1, createIndex = modIndex } = {}): KeyValueRecord {
  return { key: utf8(key), value: utf8(value), version, createIndex, modIndex };
}

const log = [put(1, "a1", "x"), noop(2), put(3, "b", "y"), put(4, "a2", "z"), put(5, "a1", "w"), entryOf(6, { operation: "deleteRange", start: utf8("a"), end: utf8("b") }), put(7, "a3", "v")];
const atFive = [record("a1", "w", 5, { version: 2, createIndex: 1 }), record("a2", "z", 4)];

function scene(applied = 7): { property: PageConsistency; page: PageView; replica: ReplicaDouble } {
  const property = new PageConsistency(limits);
  const replica = new ReplicaDouble("n1");
  replica.entries = log;
  property.applied(replica, log.slice(0, applied));
  return { property, replica, page: { reader: "r1", node: "n1", firstIndex: 5, index: 5, start: "a", end: "b", more: false, records: atFive } };
}

test("pages that show the state at their index, whole or in parts, are consistent", () => {
  const { property, page } = scene();
  property.paged(page);
  property.paged({ ...page, more: true, records: atFive.slice(0, 1) });
  property.paged({ ...page, start: "a1\0", records: atFive.slice(1) });
  property.paged({ ...page, end: undefined, records: [...atFive, record("b", "y", 3)] });
  property.paged({ ...page, firstIndex: 6, index: 6, records: [] });
  property.paged({ ...page, firstIndex: 7, index: 7, records: [record("a3", "v", 7)] });
  property.ended();
});

test("a key that is missing, too many, of another moment or with another content is told, and so is a page of another index than the first one", () => {
  const { property, page } = scene();
  const [first, second] = atFive;
  const wrong: (readonly KeyValueRecord[])[] = [
    [], [first!], [second!], [second!, first!], [...atFive, record("a3", "v", 7)], [record("a1", "x", 1), second!], [{ ...first!, version: 1 }, second!],
    [{ ...first!, createIndex: 5 }, second!], [{ ...first!, modIndex: 4 }, second!], [{ ...first!, value: utf8("W") }, second!],
  ];
  for (const records of wrong) expect(() => property.paged({ ...page, records })).toThrow("Page Consistency: r1, from \"a\" on, was shown by n1");
  expect(() => property.paged({ ...page, more: true, records: [second!] })).toThrow("where the state at index 5 has a1 version 2");
  expect(() => property.paged({ ...page, firstIndex: 4 })).toThrow("index 5, where the first page was of index 4");
});

test("a state that nobody was seen to apply yet is judged when somebody is, and one that nobody ever applies is told at the end", () => {
  const { property, replica, page } = scene(4);
  property.paged(page);
  property.paged({ ...page, records: [] });
  expect(() => property.applied(replica, log.slice(4))).toThrow("nothing, where the state at index 5 has a1");
  const other = scene(4);
  other.property.paged(page);
  expect(() => other.property.ended()).toThrow("a reader was shown index 5, and nobody was seen to apply more than index 4");
});
