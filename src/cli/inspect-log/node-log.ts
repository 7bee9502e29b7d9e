// What a comparison needs to know of one node's log, and the verdicts that it may come to. Plain values: of an entry its place and a checksum.

export interface EntryMark {
  readonly index: number;
  readonly term: number;
  readonly type: string;
  readonly bytes: number;
  readonly crc: number;
}

export interface SnapshotMark {
  readonly index: number;
  readonly term: number;
  /** null: nobody knows. */
  readonly digest: string | null;
}

export interface NodeLog {
  readonly name: string;
  readonly commitIndex: number;
  /** Behind which the entries begin; its term is null when nobody knows. */
  readonly start: { readonly index: number; readonly term: number | null };
  readonly snapshots: readonly SnapshotMark[];
  /** Without a gap, the first one right behind `start`. */
  readonly entries: readonly EntryMark[];
  /** Why no more of it can be read. */
  readonly damage: string | null;
}

/** The worse, the later. */
export const verdicts = ["identical", "missing-tail", "uncommitted-divergence", "damage", "log-matching-violation", "committed-divergence"] as const;
export type Verdict = (typeof verdicts)[number];

export interface Finding {
  readonly verdict: Verdict;
  readonly differsAt: number | undefined;
}

export function worstOf(found: readonly Verdict[]): Verdict {
  return verdicts.findLast((verdict) => found.includes(verdict)) ?? "identical";
}

export function lastIndexOf({ start, entries }: Pick<NodeLog, "start" | "entries">): number {
  return start.index + entries.length;
}

export function entryAt({ start, entries }: Pick<NodeLog, "start" | "entries">, index: number): EntryMark | undefined {
  return entries[index - start.index - 1];
}
