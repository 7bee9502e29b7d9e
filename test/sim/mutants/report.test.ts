import { expect, test } from "vitest";
import { endLines, trialLine } from "./report.ts";
import type { Trial } from "./trial.ts";

const found: Trial = { name: "a-bug", breaks: ["H1"], simulator: { kind: "killed", by: "Election Safety", seeds: 4 }, tests: undefined, killed: true, ms: 1200 };
const missed: Trial = { name: "b-bug", breaks: ["H2"], simulator: { kind: "survived", note: "not in 300 seeds" }, tests: { kind: "killed", by: "log.test.ts: a claim", seeds: undefined }, killed: true, ms: 100 };
const hole: Trial = { ...missed, name: "c-bug", tests: { kind: "survived", note: "the tests pass" }, killed: false };

test("a line names the mutant, what it breaks, and its killer with the seeds that it took", () => {
  expect(trialLine(found)).toMatch(/^a-bug +H1 +1\.2 s {2}Election Safety \(seeds: 4\)$/);
  expect(trialLine(missed)).toMatch(/log\.test\.ts: a claim$/);
  expect(trialLine(hole)).toMatch(/SURVIVED$/);
});

test("the end names what the simulator alone did not find, and what survived", () => {
  expect(endLines([found, missed, hole], 5000).join("\n")).toBe(`
mutants       3
killed        2, 1 of them by the simulator
time          5 s

not found by the simulator: 2
  b-bug (not in 300 seeds)
  c-bug (not in 300 seeds)

survived: 1
  c-bug (the tests pass)`);
});
