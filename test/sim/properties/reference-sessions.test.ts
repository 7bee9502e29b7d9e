// The reference of the session table: what it promises, number by number.

import { expect, test } from "vitest";
import { ReferenceSessions, type ReferenceLimits } from "./reference-sessions.ts";

const [result, other] = [Uint8Array.of(1), Uint8Array.of(2)];
const idleMs = 3_600_000;

/** One command after the other, each at the next index. */
class Bench {
  readonly sessions: ReferenceSessions;
  #index = 0;

  constructor(limits: Partial<ReferenceLimits> = {}) {
    this.sessions = new ReferenceSessions({ sessionsMax: 2, pagesMax: 256, idleMs, ...limits });
  }

  verdict(id: bigint, sequence: number): ReturnType<ReferenceSessions["verdict"]> {
    return this.sessions.verdict({ id, sequence }, this.#index + 1);
  }

  run(id: bigint, sequence: number, answer = result): void {
    this.#index += 1;
    this.sessions.remember({ id, sequence }, answer, this.#index);
  }
}

test("a session begins with any number, repeats what it remembers, and expires what lies 1024 numbers back (H37, S112)", () => {
  const bench = new Bench();
  expect([bench.verdict(7n, 2), bench.verdict(7n, 1)]).toEqual(["new", "new"]);
  bench.run(7n, 1);
  expect([bench.verdict(7n, 1), bench.verdict(7n, 3)]).toEqual([result, "new"]);
  bench.run(7n, 1_024, other);
  expect(bench.verdict(7n, 1)).toBe(result);
  bench.run(7n, 1_026, other);
  expect([1, 2, 3].map((sequence) => bench.verdict(7n, sequence))).toEqual([result, "expired", "new"]);
  bench.run(7n, 1_025, other);
  expect(bench.verdict(7n, 1)).toBe("expired");
});

test("nobody is further ahead of the log than 1024", () => {
  const bench = new Bench();
  expect([bench.verdict(7n, 1_025), bench.verdict(7n, 1_026)]).toEqual(["new", "ahead"]);
});

test("the session whose last new command is oldest makes room; what it may have used is expired for ever (S112)", () => {
  const bench = new Bench();
  for (const [id, sequence] of [[1n, 1], [2n, 9], [1n, 2], [3n, 1]] as const) bench.run(id, sequence);
  expect([1n, 2n, 3n].map((id) => bench.verdict(id, 2))).toEqual([result, "expired", "new"]);
  expect([9, 10].map((sequence) => bench.verdict(2n, sequence))).toEqual(["expired", "new"]);
  // Opened again, it still does not execute what it may have executed before.
  bench.run(2n, 10);
  expect([9, 10, 11].map((sequence) => bench.verdict(2n, sequence))).toEqual(["expired", result, "new"]);
});

test("pages count across sessions", () => {
  const bench = new Bench({ sessionsMax: 9, pagesMax: 3 });
  for (const sequence of [1, 7, 8]) bench.run(1n, sequence);
  bench.run(2n, 1);
  expect(bench.verdict(1n, 1)).toBe(result);
  bench.run(2n, 8);
  expect(bench.verdict(1n, 2)).toBe("expired");
});

test("a session that is idle for long enough is forgotten, by the time in the entries (S112)", () => {
  const bench = new Bench();
  bench.sessions.pass(1, 1_000);
  bench.run(1n, 1);
  bench.sessions.pass(2, 1_000 + idleMs - 1);
  expect(bench.verdict(1n, 1)).toBe(result);
  bench.sessions.pass(3, 1_000 + 2 * idleMs);
  expect(bench.verdict(1n, 1)).toBe("expired");
});

test("a session that is closed executes nothing up to there, and goes on above it (S112)", () => {
  const bench = new Bench();
  for (const sequence of [1, 9]) bench.run(7n, sequence);
  expect([bench.sessions.close(8n, 3), bench.sessions.close(7n, 3), bench.sessions.close(7n, 4)]).toEqual([undefined, 2, undefined]);
  expect([1, 5, 8, 10].map((sequence) => bench.verdict(7n, sequence))).toEqual(["expired", "expired", "expired", "new"]);
  bench.run(7n, 10);
  expect([bench.verdict(7n, 10), bench.verdict(7n, 8), bench.sessions.close(7n, 20)]).toEqual([result, "expired", 2]);
});
