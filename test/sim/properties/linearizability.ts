// Linearizability of what clients were told: there is one order of all operations on a key that respects who ended before whom began, and in which every
// answer is the one of a single register (Herlihy and Wing 1990; diss. §6.4). Operations of unknown fate may take effect at any later time, or never.
// Judged once, when all clients have ended.

import { checkLinearizability } from "../../../src/cli/check/linearizability.ts";
import type { Completed } from "../../../src/cli/check/history.ts";
import { Violation } from "./property.ts";

/** Far more than a key's few dozen operations need; a history that needs more is refused, never passed. */
const configurationsMax = 300_000;

export function judgeHistory(operations: readonly Completed[]): void {
  const verdict = checkLinearizability(operations, { configurationsMax });
  if (verdict.verdict === "violated") throw new Violation("Linearizability", `${verdict.key}: ${verdict.explanation}`);
  if (verdict.verdict === "undecided") throw new Violation("Linearizability", `the history of ${verdict.key} is too entangled to be judged: its workload must be made smaller`);
}
