import { expect, test } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import type { WatchEvent } from "../../../src/wire/watch-events.ts";
import type { WatchView } from "./property.ts";
import { entryOf, noop, put } from "./support/commands.ts";
import { ReplicaDouble } from "./support/replica-double.ts";
import { WatchCompleteness } from "./watch-completeness.ts";

const limits = { sessionsMax: 10, pagesMax: 10, idleMs: 1_000 };

function putEvent(index: number, key: string, value: string, version: number, createIndex = index): WatchEvent {
  return { index, kind: "put", key: utf8(key), value: utf8(value), version, createIndex };
}

function deleteEvent(index: number, key: string): WatchEvent {
  return { index, kind: "delete", key: utf8(key), value: new Uint8Array(0), version: 0, createIndex: 0 };
}

const log = [put(1, "a1", "x"), noop(2), put(3, "b", "y"), put(4, "a2", "z"), entryOf(5, { operation: "deleteRange", start: utf8("a"), end: utf8("b") }), put(6, "a1", "w")];
const all = [putEvent(1, "a1", "x", 1), putEvent(4, "a2", "z", 1), deleteEvent(5, "a1"), deleteEvent(5, "a2"), putEvent(6, "a1", "w", 1)];

function scene(applied = 6): { property: WatchCompleteness; view: WatchView; replica: ReplicaDouble } {
  const property = new WatchCompleteness(limits);
  const replica = new ReplicaDouble("n1");
  replica.entries = log;
  property.applied(replica, log.slice(0, applied));
  return { property, replica, view: { watcher: "w1", node: "n1", prefix: "a", from: 1, nextIndex: 7, events: all } };
}

test("what the log changes under the prefix, whole or in parts, is complete", () => {
  const { property, view } = scene();
  property.watched(view);
  property.watched({ ...view, nextIndex: 5, events: all.slice(0, 2) });
  property.watched({ ...view, from: 5, events: all.slice(2) });
  property.watched({ ...view, prefix: "", from: 3, nextIndex: 4, events: [putEvent(3, "b", "y", 1)] });
  property.ended();
});

test("a change that is missing, told twice, in another order, of another key or with another content is told", () => {
  const { property, view } = scene();
  const wrong: (readonly WatchEvent[])[] = [
    all.slice(1), all.slice(0, -1), [], [...all, all.at(-1)!], [all[1]!, all[0]!, ...all.slice(2)], [all[0]!, putEvent(3, "b", "y", 1), ...all.slice(1)],
    [putEvent(1, "a1", "X", 1), ...all.slice(1)], [putEvent(1, "a1", "x", 2), ...all.slice(1)], [...all.slice(0, 4), putEvent(6, "a1", "w", 1, 1)],
  ];
  for (const events of wrong) expect(() => property.watched({ ...view, events })).toThrow("Watch Completeness: w1 of \"a\" was told by n1");
  expect(() => property.watched({ ...view, from: 7, nextIndex: 6, events: [] })).toThrow("to go back from index 7 to 6");
});

test("what nobody was seen to apply yet is judged when somebody is, and what nobody ever applies is told at the end", () => {
  const { property, replica, view } = scene(4);
  property.watched(view);
  property.watched({ ...view, events: all.slice(1) });
  expect(() => property.applied(replica, log.slice(4))).toThrow("put a2 version 1");
  const other = scene(4);
  other.property.watched({ ...view, nextIndex: 9 });
  expect(() => other.property.ended()).toThrow("nobody was seen to apply more than index 4");
});
