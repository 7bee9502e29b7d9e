// The checker that a stamped command is executed once: it fails when it should, and is silent in legal runs.

import { expect, test } from "vitest";
import type { Entry } from "../../../src/raft/entry.ts";
import { withTime } from "../../../src/wire/command.ts";
import { SessionExactlyOnce } from "./session-exactly-once.ts";
import { entryOf, expired, noop, ok, put } from "./support/commands.ts";
import { ReplicaDouble } from "./support/replica-double.ts";

const limits = { sessionsMax: 100, pagesMax: 65_536, idleMs: 3_600_000 };
const stamp = (sequence: number, id = 5n) => ({ id, sequence });
const first = put(1, "k", "a", stamp(1));
const again = put(2, "k", "a", stamp(1));

test("a repetition that is executed again is a violation (diss. §6.3, S112)", () => {
  const property = new SessionExactlyOnce(limits);
  const replica = new ReplicaDouble("n1");
  expect(() => property.applied(replica, [first, again], [ok(1, 1), ok(2, 2)])).toThrow(
    "n1 answers the repetition at index 2 with ok of index 2, where the first result was ok of index 1",
  );
});

test("a repetition that gets the answer to another command, or that expires too early, is a violation (H37)", () => {
  for (const answer of [ok(9, 1), expired(2), undefined]) {
    const property = new SessionExactlyOnce(limits);
    expect(() => property.applied(new ReplicaDouble("n1"), [first, again], [ok(1, 1), answer])).toThrow("Session Exactly Once");
  }
});

test("a replica that executes again what another one only repeated is a violation: it lost its session table (H36)", () => {
  const property = new SessionExactlyOnce(limits);
  property.applied(new ReplicaDouble("n1"), [first, again], [ok(1, 1), ok(1, 1)]);
  const other = new ReplicaDouble("n2");
  property.installed(other, 1);
  expect(() => property.applied(other, [again], [ok(2, 2)])).toThrow("n2 answers the repetition at index 2 with ok of index 2");
});

test("a repetition that returns the first result and changes records all the same is a violation (S112)", () => {
  const property = new SessionExactlyOnce(limits);
  const replica = new ReplicaDouble("n1");
  property.applied(replica, [first], [ok(1, 1)]);
  replica.digest = "0".repeat(31) + "1";
  expect(() => property.applied(replica, [again, noop(3)], [ok(1, 1), undefined])).toThrow("n1 changes records at index 2");
});

test("a repetition that returns the first result changes the chain of the digest, and no record", () => {
  const property = new SessionExactlyOnce(limits);
  const replica = new ReplicaDouble("n1");
  property.applied(replica, [first], [ok(1, 1)]);
  replica.digest = "1".repeat(16) + "0".repeat(16);
  property.applied(replica, [again], [ok(1, 1)]);
  replica.digest = "2".repeat(32);
  property.applied(replica, [put(3, "k", "b", stamp(1)), put(4, "k", "c", stamp(2))], [ok(1, 1), ok(4, 2)]);
});

test("a number that was refused as expired was not executed, and may be executed later (H37)", () => {
  const property = new SessionExactlyOnce(limits);
  const entries = [put(1, "k", "b", stamp(2)), put(2, "k", "a", stamp(1)), put(3, "k", "b", stamp(2)), put(4, "k", "b", stamp(2))];
  const answers = [expired(1), ok(2, 1), ok(3, 2), ok(3, 2)];
  property.applied(new ReplicaDouble("n1"), entries, answers);
  entries.forEach((entry, position) => property.applied(new ReplicaDouble("n2"), [entry], [answers[position]]));
});

test("a number that lies too far back may have expired, or may still be remembered, and is never executed again (H37)", () => {
  const entries = [first, put(2, "k", "b", stamp(1_026)), put(3, "k", "a", stamp(1))];
  for (const answer of [expired(3), ok(1, 1)]) new SessionExactlyOnce(limits).applied(new ReplicaDouble("n1"), entries, [ok(1, 1), ok(2, 2), answer]);
  const execute = (): void => new SessionExactlyOnce(limits).applied(new ReplicaDouble("n1"), entries, [ok(1, 1), ok(2, 2), ok(3, 3)]);
  expect(execute).toThrow("n1 answers the repetition at index 3 with ok of index 3");
});

test("a full table may forget a session: its numbers are refused then, and never executed again", () => {
  const entries = [first, put(2, "k", "b", stamp(1, 6n)), put(3, "k", "a", stamp(1))];
  const played = (last: Uint8Array) => (): void => {
    const property = new SessionExactlyOnce({ sessionsMax: 1, pagesMax: 65_536, idleMs: 3_600_000 });
    property.applied(new ReplicaDouble("n1"), entries, [ok(1, 1), ok(2, 2), last]);
  };
  played(expired(3))();
  expect(played(ok(3, 3))).toThrow("n1 answers the repetition at index 3 with ok of index 3");
});

test("a repetition that was applied unseen may have been refused where the table was full", () => {
  const entries = [first, put(2, "k", "b", stamp(1, 6n)), put(3, "k", "a", stamp(1)), noop(4)];
  const property = new SessionExactlyOnce({ sessionsMax: 1, pagesMax: 65_536, idleMs: 3_600_000 });
  const restarted = new ReplicaDouble("n1");
  property.applied(restarted, entries.slice(0, 2), [ok(1, 1), ok(2, 2)]);
  restarted.entries = entries;
  restarted.lastApplied = 3;
  property.booted(restarted);
  property.applied(new ReplicaDouble("n2"), entries.slice(2), [expired(3), undefined]);
});

test("a session may be forgotten when so much time has passed that it was idle, and not before", () => {
  const at = (time: number, entry: Entry): Entry => ({ ...entry, data: withTime(entry.data, time) });
  const played = (ms: number) => (): void => new SessionExactlyOnce(limits).applied(new ReplicaDouble("n1"), [at(5, first), at(5 + ms, again)], [ok(1, 1), expired(2)]);
  played(3_600_000)();
  expect(played(3_599_999)).toThrow("n1 answers the repetition at index 2 with sessionExpired");
});

test("what was applied unseen has no result to compare with, and its records are not judged", () => {
  const property = new SessionExactlyOnce(limits);
  const replica = new ReplicaDouble("n1");
  replica.entries = [first, again];
  replica.lastApplied = 1;
  property.booted(replica);
  property.applied(replica, [again], [ok(1, 1)]);
});

test("a repetition in a session that somebody has closed may be refused, and is not executed again", () => {
  const close = entryOf(2, { operation: "sessionClose", target: 5n });
  const third = put(3, "k", "a", stamp(1));
  const property = new SessionExactlyOnce(limits);
  property.applied(new ReplicaDouble("n1"), [first, close, third], [ok(1, 1), ok(2, 0), expired(3)]);
  const other = new SessionExactlyOnce(limits);
  expect(() => other.applied(new ReplicaDouble("n1"), [first, close, third], [ok(1, 1), ok(2, 0), ok(3, 2)])).toThrow("answers the repetition at index 3 with ok of index 3");
  const stranger = new SessionExactlyOnce(limits);
  const closeAnother = entryOf(2, { operation: "sessionClose", target: 6n });
  expect(() => stranger.applied(new ReplicaDouble("n1"), [first, closeAnother, third], [ok(1, 1), ok(2, 0), expired(3)])).toThrow("Session Exactly Once");
});
