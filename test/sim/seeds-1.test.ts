// Simulated clusters under faults, in every run of the tests; `npm run sim` runs many more. Half of the seeds are here and half in seeds-2.test.ts,
// because test files run beside each other. A failure names the command that shows its trace.

import { expect, test } from "vitest";
import { runSeed } from "./run.ts";
import { failuresOf, seedRange } from "./runner/checked-seeds.ts";

test.for([[0, 14], [15, 29], [30, 44], [45, 59]] as const)(
  "in the worlds of seeds %i to %i, where frames are late, lost, repeated and reordered and nodes crash, every property holds (S21, U1, S73, S112, H1, H10, H11, H16, H20-H23)",
  { timeout: 120_000 },
  async ([first, last]) => {
    expect(await failuresOf(runSeed, seedRange(first, last))).toEqual([]);
  },
);
