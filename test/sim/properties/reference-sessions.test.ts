// The reference of the session table: what it promises, number by number.

import { expect, test } from "vitest";
import { ReferenceSessions } from "./reference-sessions.ts";

const [result, other] = [Uint8Array.of(1), Uint8Array.of(2)];

test("a session begins with number 1, repeats what it remembers, and expires what lies 1024 numbers back (H37, S112)", () => {
  const sessions = new ReferenceSessions({ sessionsMax: 2, pagesMax: 256 });
  expect([sessions.verdict({ id: 7n, sequence: 2 }), sessions.verdict({ id: 7n, sequence: 1 })]).toEqual(["expired", "new"]);
  sessions.remember({ id: 7n, sequence: 1 }, result);
  expect([sessions.verdict({ id: 7n, sequence: 1 }), sessions.verdict({ id: 7n, sequence: 3 })]).toEqual([result, "new"]);
  sessions.remember({ id: 7n, sequence: 1_024 }, other);
  expect(sessions.verdict({ id: 7n, sequence: 1 })).toBe(result);
  sessions.remember({ id: 7n, sequence: 1_026 }, other);
  expect([1, 2, 3].map((sequence) => sessions.verdict({ id: 7n, sequence }))).toEqual([result, "expired", "new"]);
  sessions.remember({ id: 7n, sequence: 1_025 }, other);
  expect(sessions.verdict({ id: 7n, sequence: 1 })).toBe("expired");
});

test("the session whose last new command is oldest makes room", () => {
  const sessions = new ReferenceSessions({ sessionsMax: 2, pagesMax: 256 });
  for (const id of [1n, 2n, 1n, 3n]) sessions.remember({ id, sequence: 1 }, result);
  expect([1n, 2n, 3n].map((id) => sessions.verdict({ id, sequence: 2 }))).toEqual(["new", "expired", "new"]);
});

test("pages count across sessions", () => {
  const sessions = new ReferenceSessions({ sessionsMax: 9, pagesMax: 3 });
  for (const sequence of [1, 7, 8]) sessions.remember({ id: 1n, sequence }, result);
  sessions.remember({ id: 2n, sequence: 1 }, result);
  expect(sessions.verdict({ id: 1n, sequence: 1 })).toBe(result);
  sessions.remember({ id: 2n, sequence: 8 }, result);
  expect(sessions.verdict({ id: 1n, sequence: 2 })).toBe("expired");
});
