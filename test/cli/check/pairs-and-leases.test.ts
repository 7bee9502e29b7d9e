// Pairs and keys of leases under the checker: each lie that a cluster can tell about a transaction or the end of a lease is found, and nothing else is.

import { expect, test } from "vitest";
import { checkLinearizability } from "../../../src/cli/check/linearizability.ts";
import { History } from "../../../src/cli/check/history.ts";
import type { Completed, Condition, Operation, Output } from "../../../src/cli/check/history.ts";
import { smallestWindow } from "../../../src/cli/check/window.ts";

const put = (value: string): Operation => ({ kind: "put", value });
const get: Operation = { kind: "get" };
const putIf = (value: string, condition: Condition): Operation => ({ kind: "putIf", value, condition });

/** One operation from its call to its return, as numbers on a line; no return means that its fate is unknown. */
const done = (operation: Operation, [called, returned]: [number, number?], output: Output = {}): Completed => ({
  process: "p", key: "k", operation, called, returned, output: returned === undefined ? undefined : output,
  outcome: returned === undefined ? "unknown" : "ok", startedMs: called, endedMs: returned ?? Number.POSITIVE_INFINITY,
});
const verdict = (...history: Completed[]): string => checkLinearizability(history).verdict;
const times = (operations: readonly Completed[]): number[] => operations.map((item) => item.called);

test("a transaction of which an answer shows a part is found, whatever else happened", () => {
  const torn = "value of one half is a, of the other b";
  expect(verdict(done(put("a"), [0, 1]), done(put("b"), [0, 9]), done(get, [2, 3], { torn }))).toBe("violated");
  expect(verdict(done(put("a"), [0, 1], { torn }))).toBe("violated");
  expect(checkLinearizability([done(get, [2, 3], { torn })])).toMatchObject({ explanation: `p get -> in part: ${torn} (2 to 3 ms) saw a transaction in part` });
});

const revoke: Operation = { kind: "revoke" };
const expire = (called: number): Completed => done({ kind: "expire" }, [called]);
const refused = (operation: Operation, span: [number, number]): Completed => done(operation, span, operation.kind === "putIf" ? { applied: false, ended: true } : { ended: true });

test("a key may vanish with its lease from the earliest moment on, or later, and not before", () => {
  const written = done(put("a"), [0, 1]);
  const [there, absent] = [{ value: "a" }, { value: undefined }];
  expect(verdict(written, expire(2), done(get, [3, 4], absent))).toBe("linearizable");
  expect(verdict(written, expire(2), done(get, [3, 4], there), done(get, [5, 6], there), done(get, [7, 8], absent))).toBe("linearizable");
  expect(verdict(written, expire(2), done(get, [3, 4], there))).toBe("linearizable");
  expect(verdict(written, done(get, [2, 3], absent), expire(4))).toBe("violated");
  expect(verdict(written, done(get, [2, 5], absent), expire(4))).toBe("linearizable");
});

test("what has ended with its lease does not come back: neither the value, nor a put that is taken behind it", () => {
  const ended = [done(put("a"), [0, 1]), expire(2), done(get, [3, 4], { value: undefined })];
  expect(verdict(...ended, done(get, [5, 6], { value: "a" }))).toBe("violated");
  expect(verdict(...ended, done(put("b"), [5, 6]))).toBe("violated");
  expect(verdict(...ended, done(putIf("b", { absent: true }), [5, 6], { applied: true }))).toBe("violated");
  expect(verdict(...ended, done({ kind: "delete" }, [5, 6], { found: true }))).toBe("violated");
  expect(verdict(...ended, done(put("b"), [5]), done(get, [6, 7], { value: "b" }))).toBe("violated");
  expect(verdict(...ended, refused(put("b"), [5, 6]), refused(putIf("b", { absent: true }), [7, 8]), done({ kind: "delete" }, [9, 10], { found: false }),
    done(putIf("b", { value: "a" }), [11, 12], { applied: false, version: 0 }), done(revoke, [13, 14], { found: false }))).toBe("linearizable");
  expect(verdict(...ended, done(putIf("b", { absent: true }), [5, 6], { applied: false }))).toBe("violated");
});

test("a put that is refused because of a lease that must be there is found, and so is a revoke that finds none", () => {
  const written = done(put("a"), [0, 1]);
  for (const operation of [put("b"), putIf("b", { value: "a" })]) {
    expect(verdict(written, refused(operation, [2, 3]))).toBe("violated");
    expect(verdict(written, refused(operation, [2, 3]), expire(4))).toBe("violated");
    expect(verdict(written, expire(2), refused(operation, [3, 4]))).toBe("linearizable");
    expect(verdict(written, expire(2), refused(operation, [3, 4]), done(get, [5, 6], { value: "a" }))).toBe("violated");
  }
  expect(verdict(done(revoke, [0, 1], { found: false }))).toBe("violated");
  expect(verdict(expire(0), done(revoke, [1, 2], { found: false }))).toBe("linearizable");
});

test("a lease is revoked once, and its key is gone from then on", () => {
  const revoked = [done(put("a"), [0, 1]), done(revoke, [2, 3], { found: true })];
  expect(verdict(...revoked, done(get, [4, 5], { value: undefined }))).toBe("linearizable");
  expect(verdict(...revoked, done(get, [4, 5], { value: "a" }))).toBe("violated");
  expect(verdict(...revoked, done(revoke, [4, 5], { found: true }))).toBe("violated");
  expect(verdict(...revoked, done(revoke, [4, 5], { found: false }))).toBe("linearizable");
  expect(verdict(done(put("a"), [0, 1]), done(revoke, [2]), done(get, [3, 4], { value: "a" }), done(get, [5, 6], { value: undefined }))).toBe("linearizable");
});

test("an expiry is begun before the first event that is not earlier than its moment, however late that is noticed, and a keep-alive postpones it", () => {
  let nowMs = 0;
  const history = new History(() => nowMs);
  const [vanishing, kept] = [history.begin("c", "k", get), history.begin("d", "l", get)];
  history.expireFrom("k", "1", 10);
  const expiry = history.expireFrom("l", "2", 10);
  expiry.postpone(30);
  expiry.postpone(20);
  history.expireFrom("m", "3", 10).cancel();
  nowMs = 29;
  vanishing.ok({ value: undefined });
  kept.ok({ value: undefined });
  nowMs = 30;
  history.begin("c", "l", get).ok({ value: undefined });
  const events = history.operations().toSorted((left, right) => left.called - right.called).map(({ key, operation, called, returned }) => [key, operation.kind, called, returned]);
  expect(events).toEqual([["k", "get", 0, 3], ["l", "get", 1, 4], ["k", "expire", 2, undefined], ["l", "expire", 5, undefined], ["l", "get", 6, 7]]);
});

test("a key that vanished too early is shown with what it lost, and a put that was taken too late with the end of the lease", () => {
  const early = smallestWindow([done(put("a"), [0, 1]), done(get, [2, 3], { value: "a" }), done(get, [4, 5], {}), expire(6)]);
  expect(times(early.operations)).toEqual([0, 4]);
  expect(early.explanation).toContain('no place for p get -> absent (4 to 5 ms): the key holds "a"');
  const late = smallestWindow([done(put("a"), [0, 1]), done(get, [1, 3], { value: "a" }), expire(4), done(get, [5, 6], {}), done(get, [7, 8], {}), done(put("b"), [9, 10])]);
  expect(times(late.operations)).toEqual([0, 4, 7, 9]);
  expect(late.explanation).toContain('no place for p put "b" -> done (9 to 10 ms): the lease of the key has ended after ');
});

test("a delete on a key of a lease says what the key held only when it deleted something", () => {
  const remove = (called: number, output: Output): Completed => done({ kind: "delete" }, [called, called + 1], output);
  const history = [done(put("a"), [0, 1]), done({ kind: "revoke" }, [2, 3], { found: true }), remove(4, {}), remove(6, { found: false }), done(put("b"), [8, 9])];
  expect(times(smallestWindow(history).operations)).toEqual([2, 8]);
  const seen = [done(put("a"), [0, 1]), done(revoke, [2, 3], { found: true }), remove(4, { found: false }), refused(put("b"), [6, 7]), done(get, [8, 9], { value: "a" })];
  expect(times(smallestWindow(seen).operations)).toEqual([0, 2, 8]);
});
