import { expect, test } from "vitest";
import { taskOf } from "./arguments.ts";
import { UsageError } from "./usage.ts";

const parse = (line: string, processors = 2) => taskOf(line === "" ? [] : line.split(" "), processors);
const effort = { jobs: 2, failuresMax: 5, jsonFile: undefined };

test.for([
  ["--help", { kind: "help" }],
  ["--seed 42", { kind: "replay", run: { seed: 42, omit: [] }, quiet: false }],
  ["--seed 42 --omit 1,2,5-7 --quiet", { kind: "replay", run: { seed: 42, omit: [1, 2, 5, 6, 7] }, quiet: true }],
  ["--seed 9007199254740991", { kind: "replay", run: { seed: Number.MAX_SAFE_INTEGER, omit: [] }, quiet: false }],
  ["--seeds 2000", { kind: "seeds", start: { from: 0 }, extent: { seeds: 2000 }, requireMarks: false, ...effort }],
  ["--seeds 5 --from 7 --jobs 64 --max-failures 1 --require-marks --json out.json",
    { kind: "seeds", start: { from: 7 }, extent: { seeds: 5 }, requireMarks: true, jobs: 64, failuresMax: 1, jsonFile: "out.json" }],
  ["--seeds 5 --fresh", { kind: "seeds", start: "commit", extent: { seeds: 5 }, requireMarks: false, ...effort }],
  ["--time 10m", { kind: "seeds", start: "clock", extent: { forMs: 600_000 }, requireMarks: false, ...effort }],
  ["--time 10m --from 3", { kind: "seeds", start: { from: 3 }, extent: { forMs: 600_000 }, requireMarks: false, ...effort }],
  ["--regressions", { kind: "regressions", ...effort }],
  ["--determinism --seeds 9 --from 1", { kind: "determinism", start: { from: 1 }, seeds: 9, jobs: 2, failuresMax: 5 }],
  ["--determinism --seed 9", { kind: "determinism", start: { from: 9 }, seeds: 1, jobs: 2, failuresMax: 5 }],
  ["--shrink --seed 42", { kind: "shrink", run: { seed: 42, omit: [] }, runsMax: 400, jobs: 2 }],
  ["--shrink --seed 42 --omit 3 --runs 10 --jobs 1", { kind: "shrink", run: { seed: 42, omit: [3] }, runsMax: 10, jobs: 1 }],
] as const)("%s is understood", ([line, task]) => {
  expect(parse(line)).toEqual(task);
});

test("without --jobs there is one process per processor, and at most 64", () => {
  expect([1, 8, 200].map((processors) => parse("--seeds 1", processors))).toMatchObject([{ jobs: 1 }, { jobs: 8 }, { jobs: 64 }]);
});

test.for([
  ["", "say what to run: --seed, --seeds, --time or --regressions"],
  ["--seed -1", "Option '--seed' argument is ambiguous."],
  ["--seed 1.5", "--seed takes a whole number from 0 to 9007199254740991, not \"1.5\""],
  ["--seed 9007199254740992", "--seed takes a whole number from 0 to 9007199254740991, not \"9007199254740992\""],
  ["--seed 1e3", "--seed takes a whole number from 0 to 9007199254740991, not \"1e3\""],
  ["--seed 0x10", "--seed takes a whole number from 0 to 9007199254740991, not \"0x10\""],
  ["--seed", "Option '--seed <value>' argument missing"],
  ["--seed 1 --omit x", "--omit takes numbers and ranges such as 1,2,5-9, not \"x\""],
  ["--seed 1 --seeds 2", "--seeds does not go with --seed"],
  ["--seed 1 --jobs 2", "--jobs does not go with --seed"],
  ["--seeds 0", "--seeds takes a whole number from 1 to 1000000000, not \"0\""],
  ["--seeds 5 --jobs 0", "--jobs takes a whole number from 1 to 64, not \"0\""],
  ["--seeds 5 --jobs 65", "--jobs takes a whole number from 1 to 64, not \"65\""],
  ["--seeds 5 --max-failures 0", "--max-failures takes a whole number from 1 to 1000000, not \"0\""],
  ["--seeds 5 --time 10m", "--seeds does not go with --time"],
  ["--seeds 5 --from 1 --fresh", "--from and --fresh exclude each other"],
  ["--seeds 5 --from 9007199254740990", "the range ends beyond the last seed, 9007199254740991"],
  ["--seeds 5 --quiet", "--quiet does not go with --seeds"],
  ["--time 10", "--time takes a time such as 90s, 10m or 2h, at most 480h, not \"10\""],
  ["--time 481h", "--time takes a time such as 90s, 10m or 2h, at most 480h, not \"481h\""],
  ["--shrink", "--shrink needs --seed"],
  ["--shrink --seed 1 --runs 0", "--runs takes a whole number from 1 to 1000000, not \"0\""],
  ["--determinism", "--determinism needs either --seed or --seeds"],
  ["--determinism --seed 1 --fresh", "--from and --fresh go with --seeds, not with --seed"],
  ["--regressions --seed 3", "--seed does not go with --regressions"],
  ["--frobnicate", "Unknown option '--frobnicate'"],
  ["42", "Unexpected argument '42'"],
] as const)("%j is refused in one sentence that says why", ([line, sentence]) => {
  const refusal = (() => {
    try {
      return parse(line);
    } catch (error) {
      return error;
    }
  })();
  expect(refusal).toBeInstanceOf(UsageError);
  expect((refusal as Error).message).toBe(sentence);
});
