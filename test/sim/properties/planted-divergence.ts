// Breaks one of two legal logs on purpose, in one entry on which they agree, so that it is known what a comparison has to say of them: a comparison that
// never accuses anybody would otherwise pass for a right one.

import type { Prng } from "../../../src/base/prng.ts";
import { lastIndexOf, type NodeLog } from "../../../src/cli/inspect-log/node-log.ts";
import { expectedOf, type Expected } from "./expected-comparison.ts";

export interface Planted {
  readonly left: NodeLog;
  readonly right: NodeLog;
  readonly expected: Expected;
}

/** undefined when what was drawn is damaged, or the two have no entry in common. */
export function plantDivergence(logs: readonly NodeLog[], prng: Prng): Planted | undefined {
  const left = logs[prng.integer(0, logs.length - 1)];
  const right = logs[prng.integer(0, logs.length - 1)];
  if (left === undefined || right === undefined || left === right || left.damage !== null || right.damage !== null) return undefined;
  const { verdict, differsAt } = expectedOf(left, right);
  const agreed = verdict === "uncommitted-divergence" ? differsAt! - 1 : Math.min(lastIndexOf(left), lastIndexOf(right));
  // Of the left log the position behind which it begins will do.
  const first = Math.max(left.start.index, right.start.index + 1);
  if (first > agreed || left.start.term === null) return undefined;
  return planted(left, right, { index: prng.chance(0.3) ? first : prng.integer(first, agreed), agreed });
}

function planted(left: NodeLog, right: NodeLog, { index, agreed }: { index: number; agreed: number }): Planted {
  const isBeginning = index === left.start.index;
  const entries = right.entries.map((entry) => (entry.index === index ? { ...entry, term: isBeginning ? entry.term + 1 : entry.term, crc: entry.crc ^ 1 } : entry));
  const areBothCommitted = Math.min(left.commitIndex, right.commitIndex) >= index;
  const breaksMatching = !isBeginning || agreed > index;
  const verdict = areBothCommitted ? "committed-divergence" : breaksMatching ? "log-matching-violation" : "uncommitted-divergence";
  return { left, right: { ...right, entries }, expected: { verdict, differsAt: index } };
}
