// What two logs say of the same index when one of them, or both, hold it as a snapshot only. A snapshot holds what is committed. Pure.

import { entryAt, type Finding, type NodeLog } from "./node-log.ts";

/** Snapshots of one index that differ in term or content, on two nodes. */
export function snapshotDivergence(left: NodeLog, right: NodeLog): Finding[] {
  return left.snapshots.flatMap((one) => {
    const other = right.snapshots.find(({ index }) => index === one.index);
    if (other === undefined) return [];
    const differs = other.term !== one.term || (other.digest !== null && one.digest !== null && other.digest !== one.digest);
    return differs ? [{ verdict: "committed-divergence" as const, differsAt: one.index }] : [];
  });
}

/** Where one log begins, the other one may hold an entry: the index, if their terms differ there. */
export function compareStarts(left: NodeLog, right: NodeLog): number | undefined {
  const index = Math.max(left.start.index, right.start.index);
  const [one, other] = [termAt(left, index), termAt(right, index)];
  return one === undefined || other === undefined || one === other ? undefined : index;
}

function termAt(log: NodeLog, index: number): number | undefined {
  return index === log.start.index ? (log.start.term ?? undefined) : entryAt(log, index)?.term;
}
