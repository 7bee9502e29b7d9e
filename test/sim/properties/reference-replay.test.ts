// The checker that answers are those of a replay: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import { noop, ok, put } from "./support/commands.ts";
import { ReferenceReplay } from "./reference-replay.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

const limits = { sessionsMax: 100, pagesMax: 1_000, idleMs: 3_600_000 };
const session = { id: 5n, sequence: 1 };
/** Three puts of one key, the last one a repetition of the second. */
const entries = [put(1, "k", "a"), put(2, "k", "b", session), put(3, "k", "b", session)];
const answers = [ok(1, 1), ok(2, 2), ok(2, 2)];

function holding(name: string): ReplicaDouble {
  const replica = new ReplicaDouble(name);
  replica.entries = [...entries];
  return replica;
}

test("an answer that is not the model's is a violation (H38)", () => {
  const property = new ReferenceReplay(limits);
  expect(() => property.applied(holding("n1"), entries.slice(0, 1), [ok(1, 2)])).toThrow("n1 answers index 1 with ok (index 1, version 2");
});

test("a retry that is executed again is a violation, also on a replica that lost its session table later (H36, S112)", () => {
  const property = new ReferenceReplay(limits);
  const again = [ok(1, 1), ok(2, 2), ok(3, 3)];
  expect(() => property.applied(holding("n1"), entries, again)).toThrow("n1 answers index 3 with ok (index 3, version 3");
  const later = new ReferenceReplay(limits);
  later.applied(holding("n1"), entries, answers);
  expect(() => later.applied(holding("n2"), entries, again)).toThrow("n2 answers index 3");
});

test("the reply to another command, and no reply at all, are violations", () => {
  const property = new ReferenceReplay(limits);
  property.applied(holding("n1"), entries, answers);
  expect(() => property.applied(holding("n2"), entries.slice(0, 1), [ok(2, 2)])).toThrow("n2 answers index 1 with ok (index 2");
  expect(() => property.applied(holding("n2"), entries.slice(0, 1), [undefined])).toThrow("n2 answers index 1 with nothing");
  expect(() => property.applied(holding("n2"), [noop(4)], [ok(4, 1)])).toThrow("and a replay of the log with nothing");
});

test("replicas that apply the same log in other batches, again after a crash, or from a snapshot on, are legal", () => {
  const property = new ReferenceReplay(limits);
  property.applied(holding("n1"), entries, answers);
  const other = holding("n2");
  entries.forEach((entry, position) => property.applied(other, [entry], [answers[position]]));
  other.reboot();
  property.booted(other);
  property.applied(other, entries.slice(1), answers.slice(1));
  property.applied(other, [noop(4), put(5, "k", "c")], [undefined, ok(5, 3)]);
  property.applied(holding("n1"), [noop(4), put(5, "k", "c")], [undefined, ok(5, 3)]);
});

test("what a process applied unseen before its first input is taken from its log (S108)", () => {
  const property = new ReferenceReplay(limits);
  const replica = holding("n1");
  replica.lastApplied = 2;
  property.booted(replica);
  property.applied(replica, entries.slice(2), answers.slice(2));
  const unseen = new ReferenceReplay(limits);
  unseen.applied(replica, entries.slice(2), answers.slice(2));
});

test("a log that begins after what nobody was seen to apply is a violation", () => {
  const property = new ReferenceReplay(limits);
  const replica = holding("n1");
  replica.compact(2);
  expect(() => property.applied(replica, entries.slice(2), answers.slice(2))).toThrow("n1 has applied up to index 2, and nobody was seen to apply index 1");
});
