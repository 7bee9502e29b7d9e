// When to take a snapshot and forget the log. A snapshot is taken once enough was applied since the last one, by bytes, by entries or by age; a
// trailing window of the log stays in memory for followers that are a little behind. One snapshot at a time; it reads one consistent image while
// writes go on.

import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { mark } from "../base/mark.ts";
import type { Entry } from "../raft/entry.ts";
import type { RaftStorage } from "./raft-storage.ts";

export interface CompactionPolicy {
  /** A snapshot is taken when this many bytes were applied since the last one, or as many as the last snapshot has, whatever is more … */
  readonly logBytes: number;
  /** … but never later than at this many. */
  readonly logBytesMax: number;
  /** Also after so many entries; undefined: however many. */
  readonly entries?: number | undefined;
  /** Also after so long, with the first entry that is applied then, ms; undefined: however long. An idle region takes none. */
  readonly intervalMs?: number | undefined;
  readonly trailingEntries: number;
  readonly trailingBytes: number;
}

export interface SnapshotterOptions {
  readonly storage: RaftStorage;
  readonly policy: CompactionPolicy;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Applied before this start, and after the latest snapshot: a node that is restarted again and again must take one as well. */
  readonly recovered: Iterable<Entry>;
  /** The log in memory may forget everything up to here. */
  readonly compact: (index: number) => void;
}

/** What an entry costs besides its data: record header and bookkeeping, bytes. */
const entryOverhead = 48;
/** The trailing window is measured in buckets of this size. */
const bucketBytes = 64 * 1024;

export class Snapshotter {
  readonly #options: SnapshotterOptions;
  /** May change at any time. */
  policy: CompactionPolicy;
  #bytesSince = 0;
  #entriesSince = 0;
  #takenAt: number;
  #taking: Promise<void> | undefined;
  /** Bytes, those of `recovered` included. */
  #applied = 0;
  readonly #pins = new Set<{ readonly index: number; readonly appliedBefore: number }>();
  /** Buckets of recently applied entries, newest last, each with the index before its first one, to find where the trailing window begins. */
  #recent: { before: number; bytes: number }[] = [];
  #recentBytes = 0;

  constructor(options: SnapshotterOptions) {
    this.#options = options;
    this.policy = options.policy;
    this.#takenAt = options.clock.now();
    for (const entry of options.recovered) this.#count(entry);
  }

  /** Counts what was applied, and says whether a snapshot is due. */
  applied(entries: readonly Entry[]): boolean {
    for (const entry of entries) this.#count(entry);
    const due = this.#isDue();
    if (due && this.#taking !== undefined) mark("snapshot-skipped-one-is-being-taken");
    return due && this.#taking === undefined;
  }

  /**
   * Takes a snapshot that holds everything applied so far. One that is being taken is waited for and does not do: its image is older.
   * @param trailingEntries at most so many are left of the log below it
   */
  async take(trailingEntries?: number): Promise<void> {
    while (this.#taking !== undefined) await this.#taking;
    return this.#begin(trailingEntries);
  }

  /** Waits for the snapshot that is being taken, or takes one. */
  takeOrJoin(): Promise<void> {
    return this.#taking ?? this.#begin(undefined);
  }

  /**
   * A peer gets the snapshot at this index: what comes after it is kept for that peer, or it would need the next snapshot at once, and so on for ever
   * (H41). At most `logBytesMax` are kept so. Call the answer when it is no longer needed.
   */
  pin(index: number): () => void {
    const pin = { index, appliedBefore: this.#applied };
    this.#pins.add(pin);
    return () => void this.#pins.delete(pin);
  }

  #begin(trailingEntries: number | undefined): Promise<void> {
    this.#taking = this.#takeNow(trailingEntries).finally(() => (this.#taking = undefined));
    return this.#taking;
  }

  async #takeNow(trailingEntries: number | undefined): Promise<void> {
    const { storage, logger, clock, compact } = this.#options;
    this.#bytesSince = 0;
    this.#entriesSince = 0;
    this.#takenAt = clock.now();
    const snapshot = await storage.createSnapshot();
    const keepFrom = this.#trailingStart(snapshot.index, trailingEntries);
    logger.info({ index: snapshot.index, term: snapshot.term, logKeptFrom: keepFrom + 1 }, "took a snapshot");
    if (keepFrom < snapshot.index) mark("snapshot-left-a-trailing-window");
    await storage.compact(snapshot.index, keepFrom);
    compact(keepFrom);
  }

  #count({ index, data }: Entry): void {
    const bytes = data.length + entryOverhead;
    this.#bytesSince += bytes;
    this.#entriesSince += 1;
    this.#applied += bytes;
    this.#remember(index - 1, bytes);
  }

  #isDue(): boolean {
    const { logBytes, logBytesMax, entries, intervalMs } = this.policy;
    if (this.#bytesSince >= Math.min(logBytesMax, Math.max(logBytes, this.#options.storage.currentSnapshot?.bytes ?? 0))) return true;
    if (entries !== undefined && this.#entriesSince >= entries) return true;
    return intervalMs !== undefined && this.#options.clock.now() - this.#takenAt >= intervalMs;
  }

  #remember(before: number, bytes: number): void {
    const newest = this.#recent.at(-1);
    if (newest === undefined || newest.bytes >= bucketBytes) this.#recent.push({ before, bytes });
    else newest.bytes += bytes;
    this.#recentBytes += bytes;
    while (this.#recentBytes - this.#recent[0]!.bytes > this.policy.trailingBytes) this.#recentBytes -= this.#recent.shift()!.bytes;
  }

  /** The last index that may be forgotten: at most the snapshot's. What the latest snapshot had before this start counts as outside of the window. */
  #trailingStart(snapshotIndex: number, trailingEntries = this.policy.trailingEntries): number {
    const byBytes = this.#recent[0]?.before ?? snapshotIndex;
    const trailing = Math.max(0, Math.min(snapshotIndex, Math.max(byBytes, snapshotIndex - trailingEntries)));
    const pinned = this.#pinned();
    if (pinned < trailing) mark("log-kept-for-a-peer-that-gets-a-snapshot");
    return Math.min(trailing, pinned);
  }

  #pinned(): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (const { index, appliedBefore } of this.#pins) if (this.#applied - appliedBefore <= this.policy.logBytesMax) lowest = Math.min(lowest, index);
    return lowest;
  }
}
