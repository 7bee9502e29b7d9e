// Compares the logs of several nodes entry by entry and says what the difference means. Pure: plain values in, plain values out.
//
//   identical               they hold the same, as far as both hold anything
//   missing-tail            the same up to where the shorter one ends: it is behind, or was
//   uncommitted-divergence  different entries at an index that not both know to be committed: legal, a new leader replaces one of them (§5.3)
//   damage                  one of them cannot be read
//   log-matching-violation  the same index and term with different content, or different entries before an index where they agree: never legal (§5.3)
//   committed-divergence    different at an index that both know to be committed, or different snapshots of one index: never legal (§5.4)
//
// What was compacted in one log is compared only through its snapshot: an index, a term, a digest.

import { entryAt, lastIndexOf, worstOf, type EntryMark, type Finding, type NodeLog, type Verdict } from "./node-log.ts";
import { compareStarts, snapshotDivergence } from "./snapshot-comparison.ts";

export interface PairComparison {
  readonly left: string;
  readonly right: string;
  readonly verdict: Verdict;
  /** Where both hold entries; undefined when nowhere. */
  readonly compared: { readonly first: number; readonly last: number } | undefined;
  /** The first index at which they differ, or that one of them lacks at its end. */
  readonly differsAt: number | undefined;
}

export interface Holding {
  /** undefined: nothing, its log ends before or begins behind. */
  readonly entry: EntryMark | undefined;
  readonly nodes: readonly string[];
}

export interface Difference {
  readonly index: number;
  /** Largest group first. */
  readonly held: readonly Holding[];
  /** Who holds what more than half of the compared nodes hold; empty when nothing is. */
  readonly majority: readonly string[];
  /** Who knows this index to be committed. */
  readonly committedOn: readonly string[];
}

export interface LogComparison {
  readonly verdict: Verdict;
  readonly pairs: readonly PairComparison[];
  readonly firstDifference: Difference | undefined;
}

export function compareLogs(logs: readonly NodeLog[]): LogComparison {
  const pairs = logs.flatMap((left, place) => logs.slice(place + 1).map((right) => comparePair(left, right)));
  const alone = logs.some(({ damage }) => damage !== null) ? (["damage"] as const) : [];
  const indexes = pairs.flatMap(({ differsAt }) => (differsAt === undefined ? [] : [differsAt]));
  return {
    verdict: worstOf([...alone, ...pairs.map(({ verdict }) => verdict)]),
    pairs,
    firstDifference: indexes.length === 0 ? undefined : differenceAt(logs, Math.min(...indexes)),
  };
}

function comparePair(left: NodeLog, right: NodeLog): PairComparison {
  const first = Math.max(left.start.index, right.start.index) + 1;
  const last = Math.min(lastIndexOf(left), lastIndexOf(right));
  const pair = { left: left.name, right: right.name, compared: last < first ? undefined : { first, last } };
  const snapshot = snapshotDivergence(left, right);
  const entries = compareEntries(left, right, { first, last });
  const tail = compareTails(left, right, last);
  const damage = left.damage !== null || right.damage !== null ? [{ verdict: "damage" as const, differsAt: undefined }] : [];
  const found = [...snapshot, ...entries, ...(entries.length === 0 ? tail : []), ...damage];
  const verdict = worstOf(found.map((finding) => finding.verdict));
  const places = found.flatMap(({ differsAt }) => (differsAt === undefined ? [] : [differsAt]));
  return { ...pair, verdict, differsAt: places.length === 0 ? undefined : Math.min(...places) };
}

function compareEntries(left: NodeLog, right: NodeLog, { first, last }: { first: number; last: number }): Finding[] {
  let differsAt = compareStarts(left, right);
  let breaksMatching = false;
  for (let index = first; index <= last; index += 1) {
    const [one, other] = [entryAt(left, index)!, entryAt(right, index)!];
    const isSame = sameEntry(one, other);
    // §5.3: alike in index and term is alike in content, and alike in everything before.
    if (one.term === other.term && (!isSame || differsAt !== undefined)) breaksMatching = true;
    if (!isSame) differsAt ??= index;
  }
  if (differsAt === undefined) return [];
  const areBothCommitted = left.commitIndex >= differsAt && right.commitIndex >= differsAt;
  if (areBothCommitted) return [{ verdict: "committed-divergence", differsAt }];
  return [{ verdict: breaksMatching ? "log-matching-violation" : "uncommitted-divergence", differsAt }];
}

function compareTails(left: NodeLog, right: NodeLog, last: number): Finding[] {
  const isLonger = lastIndexOf(left) !== lastIndexOf(right) && left.damage === null && right.damage === null;
  return isLonger ? [{ verdict: "missing-tail", differsAt: last + 1 }] : [];
}

function sameEntry(left: EntryMark, right: EntryMark): boolean {
  return left.term === right.term && left.type === right.type && left.bytes === right.bytes && left.crc === right.crc;
}

function differenceAt(logs: readonly NodeLog[], index: number): Difference {
  const groups: { entry: EntryMark | undefined; nodes: string[] }[] = [];
  for (const log of logs) {
    const entry = entryAt(log, index);
    const group = groups.find((known) => (entry === undefined || known.entry === undefined ? known.entry === entry : sameEntry(known.entry, entry)));
    if (group === undefined) groups.push({ entry, nodes: [log.name] });
    else group.nodes.push(log.name);
  }
  const held = groups.toSorted((left, right) => right.nodes.length - left.nodes.length);
  const majority = held.find(({ entry, nodes }) => entry !== undefined && nodes.length * 2 > logs.length);
  return { index, held, majority: majority?.nodes ?? [], committedOn: logs.filter(({ commitIndex }) => commitIndex >= index).map(({ name }) => name) };
}
