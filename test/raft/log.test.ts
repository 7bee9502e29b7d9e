// The log against a plain list of terms, under random appends, truncations, compactions and restores.

import fc from "fast-check";
import { expect, test } from "vitest";
import { AssertionFailure } from "../../src/base/assert.ts";
import { Log } from "../../src/raft/log.ts";
import { command, entriesWithTerms } from "./harness/members.ts";

const empty = { index: 0, term: 0 };

test("an empty log ends at its snapshot", () => {
  const log = new Log({ index: 7, term: 3 }, []);
  expect([log.lastIndex, log.lastTerm, log.termAt(7), log.termAt(6), log.termAt(8)]).toEqual([7, 3, 3, undefined, undefined]);
});

test("behaves like a list of terms, whatever is done to it", () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constant("append" as const), step: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ kind: fc.constant("truncate" as const), step: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ kind: fc.constant("compact" as const), step: fc.integer({ min: 0, max: 20 }) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const log = new Log(empty, []);
      let terms: number[] = [];
      let snapshot = 0;
      for (const { kind, step } of actions) {
        if (kind === "append") {
          terms.push((terms.at(-1) ?? 0) + step);
          log.append(command(terms.length, terms.at(-1)!, ""));
        } else if (kind === "truncate" && terms.length > snapshot) {
          const from = snapshot + 1 + (step % (terms.length - snapshot));
          log.truncateFrom(from);
          terms = terms.slice(0, from - 1);
        } else if (kind === "compact" && terms.length > 0) {
          const to = snapshot + (step % (terms.length - snapshot + 1));
          if (to > snapshot) log.compact(to);
          snapshot = Math.max(to, snapshot);
        }
        expect(log.lastIndex).toBe(terms.length);
        expect(log.lastTerm).toBe(terms.at(-1) ?? 0);
        expect(log.snapshotIndex).toBe(snapshot);
        for (let index = snapshot + 1; index <= terms.length; index += 1) {
          const term = terms[index - 1]!;
          expect(log.termAt(index)).toBe(term);
          expect(log.firstIndexOfTermAt(index)).toBe(Math.max(terms.indexOf(term) + 1, snapshot + 1));
          expect(log.lastIndexOfTerm(term)).toBe(terms.lastIndexOf(term) + 1);
        }
        expect(log.lastIndexOfTerm(99)).toBeUndefined();
        expect(log.slice(1, 99).map((entry) => entry.index)).toEqual(terms.map((_, position) => position + 1).slice(snapshot));
      }
    }),
    { numRuns: 300 },
  );
});

test("a batch ends before it exceeds its bytes, and one larger entry goes alone", () => {
  const log = new Log(empty, [command(1, 1, "aaaa"), command(2, 1, "bbbb"), command(3, 1, "c".repeat(50)), command(4, 1, "d")]);
  expect(log.batch(1, 4, 8).map((entry) => entry.index)).toEqual([1, 2]);
  expect(log.batch(1, 4, 7).map((entry) => entry.index)).toEqual([1]);
  expect(log.batch(3, 4, 8).map((entry) => entry.index)).toEqual([3]);
  expect(log.batch(1, 4, 1000).map((entry) => entry.index)).toEqual([1, 2, 3, 4]);
  expect(log.batch(1, 2, 1000).map((entry) => entry.index)).toEqual([1, 2]);
});

test("the batch for the second follower is the one that was made for the first, and never an outdated one", () => {
  const log = new Log(empty, entriesWithTerms([1, 1, 1]));
  const first = log.batch(1, 3, 1000);
  expect(log.batch(1, 3, 1000)).toBe(first);
  log.truncateFrom(3);
  log.append(command(3, 2, "new"));
  expect(log.batch(1, 3, 1000).map((entry) => entry.term)).toEqual([1, 1, 2]);
});

test("a snapshot keeps the entries behind it when the log agrees with it (Figure 13, rule 6; H33)", () => {
  const log = new Log(empty, entriesWithTerms([1, 1, 2, 2]));
  log.restore({ index: 3, term: 2 });
  expect([log.snapshotIndex, log.lastIndex, log.termAt(4)]).toEqual([3, 4, 2]);
});

test("a snapshot replaces a log that disagrees with it or is shorter (H34)", () => {
  const conflicting = new Log(empty, entriesWithTerms([1, 1, 1, 1]));
  conflicting.restore({ index: 3, term: 2 });
  expect([conflicting.snapshotIndex, conflicting.lastIndex, conflicting.lastTerm]).toEqual([3, 3, 2]);
  const short = new Log(empty, entriesWithTerms([1]));
  short.restore({ index: 3, term: 2 });
  expect([short.snapshotIndex, short.lastIndex]).toEqual([3, 3]);
});

test("a gap, a decreasing term and a truncation below the snapshot are our own bugs", () => {
  const log = new Log({ index: 2, term: 2 }, []);
  expect(() => log.append(command(4, 2, ""))).toThrow(AssertionFailure);
  expect(() => log.append(command(3, 1, ""))).toThrow(AssertionFailure);
  expect(() => log.truncateFrom(2)).toThrow(AssertionFailure);
});
