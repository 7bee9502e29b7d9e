// What a comparison of logs has to say, worked out another way than entry by entry: logs that agree on a term agree on everything before (§5.3), so that
// the place where two of them part is found by halving, and the terms alone decide. Right as long as nothing is broken.

import { entryAt, lastIndexOf, type NodeLog, type Verdict } from "../../../src/cli/inspect-log/node-log.ts";

export interface Expected {
  readonly verdict: Verdict;
  /** The first index at which they differ, or that one of them lacks at its end. */
  readonly differsAt: number | undefined;
}

export function expectedOf(left: NodeLog, right: NodeLog): Expected {
  const parted = partedAt(left, right);
  const isDamaged = left.damage !== null || right.damage !== null;
  const last = Math.min(lastIndexOf(left), lastIndexOf(right));
  if (isDamaged) return { verdict: "damage", differsAt: parted };
  if (parted !== undefined) return { verdict: "uncommitted-divergence", differsAt: parted };
  const isLonger = lastIndexOf(left) !== lastIndexOf(right);
  return isLonger ? { verdict: "missing-tail", differsAt: last + 1 } : { verdict: "identical", differsAt: undefined };
}

/** The first index at which both say a term, and not the same one. */
function partedAt(left: NodeLog, right: NodeLog): number | undefined {
  let agreed = Math.max(left.start.index, right.start.index) - 1;
  let parted = Math.min(lastIndexOf(left), lastIndexOf(right));
  if (parted <= agreed || agree(left, right, parted)) return undefined;
  while (parted - agreed > 1) {
    const middle = Math.floor((agreed + parted) / 2);
    if (agree(left, right, middle)) agreed = middle;
    else parted = middle;
  }
  return parted;
}

function agree(left: NodeLog, right: NodeLog, index: number): boolean {
  const [one, other] = [termAt(left, index), termAt(right, index)];
  return one === undefined || other === undefined || one === other;
}

export function termAt(log: NodeLog, index: number): number | undefined {
  return index === log.start.index ? (log.start.term ?? undefined) : entryAt(log, index)?.term;
}
