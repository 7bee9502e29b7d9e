import { expect, test } from "vitest";
import { parseRegressions } from "./regressions.ts";

test("a line is a seed, what it leaves out, and what it found; comments and blank lines are free", () => {
  const text = "# comment\n\n42 # a vote was counted twice\n  7 omit=1,2,5-7   # a read was stale # twice\n";
  expect(parseRegressions(text, "regressions.txt")).toEqual([
    { job: { seed: 42, omit: [] }, found: "a vote was counted twice", line: 3 },
    { job: { seed: 7, omit: [1, 2, 5, 6, 7] }, found: "a read was stale # twice", line: 4 },
  ]);
});

test.for([
  ["42 # one\nabc # no seed", 'file:2: "abc # no seed" is not "seed [omit=1,2,5-9] # what it found"'],
  ["-1 # negative", 'file:1: "-1 # negative" is not "seed [omit=1,2,5-9] # what it found"'],
  ["9007199254740992 # too large", 'file:1: "9007199254740992 # too large" is not "seed [omit=1,2,5-9] # what it found"'],
  ["1 2 # two seeds", 'file:1: "1 2 # two seeds" is not "seed [omit=1,2,5-9] # what it found"'],
  ["1 omit=9-3 # backwards", 'file:1: "omit=9-3" is not a list such as omit=1,2,5-9'],
  ["1 omit= # empty", 'file:1: "omit=" is not a list such as omit=1,2,5-9'],
  ["\n\n1", "file:3: seed 1 does not say what it found"],
  ["1 #", "file:1: seed 1 does not say what it found"],
  ["1 # one\n1 # again", "file:2: seed 1 stands in line 1 already"],
] as const)("%j names the line that is wrong", ([text, sentence]) => {
  expect(() => parseRegressions(text, "file")).toThrow(sentence);
});
