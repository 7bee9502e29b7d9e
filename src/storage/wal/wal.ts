// The write-ahead log of a node, shared by all its regions. What arrives in one turn of the event loop, or while a batch is on the disk, goes
// into the next batch: one write, one sync, no timer. An append is in one batch as a whole, so a crash keeps all of it or nothing.
//
// Guarantees: an append that resolved survives every crash; appends become durable in the order in which they were made; damage is refused when
// the log is opened and never repaired. A write, sync, rename or removal that fails stops the log for ever and calls onFatal, because the
// page cache may have dropped what was written before. A full disk is not a failure: appends of entries are refused before anything of them
// is written, and go on when space returns. It does not keep entries in memory and does not know what they mean.

import { assert } from "../../base/assert.ts";
import type { Timer } from "../../base/clock.ts";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import type { RegionId } from "../../base/ids.ts";
import { mark } from "../../base/mark.ts";
import type { Entry } from "../../raft/entry.ts";
import { BatchBuffer } from "./batch-buffer.ts";
import { BatchQueue, type Batch } from "./batch-queue.ts";
import { batchExtent, sectorBytes } from "./batch.ts";
import { LatencyWindow } from "./latency-window.ts";
import { openSegments, type OpenedWal } from "./opening.ts";
import { planPurge } from "./purge-plan.ts";
import { recoveredRegions, type RecoveredRegion, type TornTail } from "./recovery.ts";
import { recordHeaderBytes } from "./record.ts";
import { encodeWrite, type FirstSegment, type WalWrite } from "./region-record.ts";
import { RegionTable } from "./region-table.ts";
import type { SegmentContent } from "./replay.ts";
import { SegmentSupply, type OpenSegment } from "./segment-supply.ts";
import { segmentBytesMin, segmentHeaderBytes, segmentName } from "./segment.ts";
import { SpaceWatch } from "./space-watch.ts";
import type { WalOptions, WalStats } from "./wal-options.ts";

export type { RecoveredRegion } from "./recovery.ts";
export type { WalWrite } from "./region-record.ts";
export type { WalOptions, WalStats } from "./wal-options.ts";

const keptBufferBytesMax = 4 * 1024 * 1024;
/** Of a segment: kept for votes, terms and what a purge writes while the disk is full. */
const reserveBytesMax = 64 * 1024;

export class Wal {
  readonly recovered: ReadonlyMap<RegionId, RecoveredRegion>;
  /** A write that a crash tore; it was never acknowledged, and it was cut. */
  readonly tornTail: TornTail | undefined;
  /** Each value is worked out when it is read, so that reading one of them costs only that one. */
  readonly stats: WalStats;
  readonly #options: WalOptions;
  readonly #supply: SegmentSupply;
  readonly #space: SpaceWatch;
  readonly #buffer: BatchBuffer;
  readonly #latencies = new LatencyWindow(512);
  /** Oldest first, without the spare; the last one is in use. */
  #segments: SegmentContent[];
  #active: OpenSegment;
  #offset: number;
  #nextBatch: number;
  #previousCrc: number;
  /** The last batch on the disk is a mark. */
  #marked: boolean;
  /** What the regions hold durably, and what they will hold when the queue is empty. */
  #durable: RegionTable;
  #accepted: RegionTable;
  /** Regions that were refused something: what follows must not overtake it. */
  readonly #refused = new Set<RegionId>();
  readonly #queue: BatchQueue;
  #flushArmed = false;
  #idleTimer: Timer | undefined;
  #lastAppendAt = 0;
  readonly #floors = new Map<RegionId, number>();
  #purging: Promise<void> = Promise.resolve();
  #failure: RaftctlError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: WalOptions, { image, active, spare }: OpenedWal) {
    const { clusterId, nodeId, incarnation } = options;
    this.#options = options;
    this.#supply = new SegmentSupply({ ...options, owner: { clusterId, nodeId, incarnation } }, spare);
    this.#space = new SpaceWatch(options, { onEnough: () => this.#spaceReturned(), onError: (error) => this.#fail(error) });
    this.#buffer = new BatchBuffer(options.crc32, keptBufferBytesMax);
    this.#queue = new BatchQueue(options.batchBytesMax);
    this.#segments = image.segments.filter((segment) => segment.sequence <= active.sequence);
    this.#active = active;
    this.#offset = image.end.offset;
    this.#nextBatch = image.nextBatch;
    this.#previousCrc = image.previousCrc;
    this.#marked = image.end.marked;
    this.#durable = RegionTable.of(image.regions);
    this.#accepted = this.#durable.copy();
    this.tornTail = image.tornTail;
    this.recovered = recoveredRegions(image);
    this.stats = this.#liveStats();
  }

  /**
   * Reads the log, cuts a torn tail, removes what a purge or a crash has left over.
   * @throws RaftctlError CORRUPT (file, offset and index in the message, nothing changed), INCOMPATIBLE, IO_ERROR
   */
  static async open(options: WalOptions): Promise<Wal> {
    assert(options.segmentBytes >= segmentBytesMin, "a segment has room for a few batches");
    const wal = new Wal(options, await openSegments(options));
    if (!wal.#marked) wal.#armIdleMark();
    wal.#prepareSpare();
    return wal;
  }

  /**
   * Resolves when the writes are durable; after a crash all or none of them are there.
   * Rejects with NO_SPACE (nothing was written), with the first failure of the disk, or with STOPPED. After NO_SPACE every append of the region is
   * rejected until `beginAgain`.
   */
  append(writes: readonly WalWrite[]): Promise<void> {
    const refusal = this.#refusal(writes);
    if (refusal !== undefined) return Promise.reject(refusal);
    if (writes.length === 0) return this.#queue.newest?.done.promise ?? Promise.resolve();
    return this.#enqueue(writes);
  }

  /** The region was refused something that it has not begun again with: it may not have heard of that yet. */
  refuses(region: RegionId): boolean {
    return this.#refused.has(region);
  }

  /** The region's next append is the oldest one that was refused. */
  beginAgain(region: RegionId): void {
    this.#refused.delete(region);
  }

  /**
   * The entries up to and including these indexes are no longer needed: a durable snapshot holds them. Removes the oldest segments in which
   * every region's entries are at or below its floor. Floors are remembered; a region without one keeps everything.
   */
  purge(floors: ReadonlyMap<RegionId, number>): Promise<void> {
    for (const [region, floor] of floors) this.#floors.set(region, Math.max(floor, this.#floors.get(region) ?? 0));
    const purged = this.#purging.then(() => this.#purge());
    this.#purging = purged.catch(() => undefined);
    return purged;
  }

  /** As in `stats`, for every proposal to ask. */
  get readOnly(): boolean {
    return this.#space.low;
  }

  /** Everything accepted becomes durable and is marked complete; later appends are refused. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #liveStats(): WalStats {
    const bytes = (): number => this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
    const segments = (): number => this.#segments.length;
    const fsyncP99Ms = (): number | undefined => this.#latencies.percentile(0.99);
    const pendingSinceMs = (): number | undefined => {
      const since = this.#queue.oldest?.since;
      return since === undefined ? undefined : this.#options.clock.now() - since;
    };
    const readOnly = (): boolean => this.#space.low;
    return {
      get bytes() { return bytes(); },
      get segments() { return segments(); },
      get fsyncP99Ms() { return fsyncP99Ms(); },
      get pendingSinceMs() { return pendingSinceMs(); },
      get readOnly() { return readOnly(); },
    };
  }

  #refusal(writes: readonly WalWrite[]): RaftctlError | undefined {
    if (this.#failure !== undefined) return this.#failure;
    const { directory } = this.#options;
    if (this.#closing !== undefined) return new RaftctlError("STOPPED", `the log ${directory} is closed`);
    const refused = writes.find((write) => this.#refused.has(write.region) || (write.kind === "entries" && this.#lacksRoom(write.entries)));
    if (refused === undefined) return undefined;
    mark("space-entries-refused");
    this.#refused.add(refused.region);
    return new RaftctlError("NO_SPACE", `the log ${directory} has no room for entries of region ${refused.region}: the disk is full`, {
      hint: "free some space; writes go on by themselves",
    });
  }

  #lacksRoom(entries: readonly Entry[]): boolean {
    if (entries.length === 0 || !this.#space.low || this.#supply.stocked) return false;
    let bytes = 0;
    for (const entry of entries) bytes += recordHeaderBytes + entry.data.length;
    const reserve = Math.min(reserveBytesMax, Math.floor(this.#active.sizeBytes / 8));
    return this.#queue.extent + batchExtent(bytes) + reserve > this.#active.sizeBytes - this.#offset;
  }

  #enqueue(writes: readonly (WalWrite | FirstSegment)[]): Promise<void> {
    const { crc32, clock } = this.#options;
    const runs: Uint8Array[] = [];
    let bytes = 0;
    for (const write of writes) {
      this.#accept(write);
      const run = encodeWrite(write, crc32);
      runs.push(run);
      bytes += run.length;
    }
    const batch = this.#queue.collecting(bytes, clock.now());
    batch.writes.push(...writes);
    batch.runs.push(...runs);
    batch.bytes += bytes;
    this.#lastAppendAt = clock.now();
    this.#armFlush();
    return batch.done.promise;
  }

  #accept(write: WalWrite | FirstSegment): void {
    if (write.kind === "firstSegment") return;
    const first = write.kind === "entries" ? write.entries[0] : undefined;
    assert(first === undefined || this.#accepted.accepts(write.region, first.index), "entries leave no gap in the log");
    this.#accepted.apply(write, this.#active.sequence);
  }

  #armFlush(): void {
    if (this.#flushArmed || this.#queue.writing !== undefined) return;
    this.#flushArmed = true;
    this.#options.clock.endOfTurn(() => {
      this.#flushArmed = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#queue.writing !== undefined || this.#failure !== undefined) return;
    const batch = this.#queue.take();
    if (batch !== undefined) this.#write(batch).catch((error: unknown) => this.#fail(error));
  }

  async #write(batch: Batch): Promise<void> {
    const extent = batchExtent(batch.bytes);
    if (!this.#fits(batch, extent)) {
      const blocked = await this.#advance(extent);
      if (blocked !== undefined) return this.#rejectAll(blocked);
    }
    const { clock } = this.#options;
    const { sequence: segment, seed, file } = this.#active;
    const place = { segment, seed, offset: this.#offset, sequence: this.#nextBatch, previousCrc: this.#previousCrc };
    const { bytes, headerCrc } = this.#buffer.fill(batch.runs, batch.bytes, place);
    const started = clock.now();
    await file.writeDurable(this.#offset, bytes);
    this.#latencies.add(clock.now() - started);
    if (this.#failure !== undefined) return;
    this.#offset += extent;
    this.#nextBatch += 1;
    this.#previousCrc = headerCrc;
    this.#completed(batch);
    this.#space.wrote(extent);
  }

  /** The last sector of a segment is kept for a mark. */
  #fits(batch: Batch, extent: number): boolean {
    const limit = batch.bytes === 0 ? this.#active.sizeBytes : this.#active.sizeBytes - sectorBytes;
    return this.#offset + extent <= limit;
  }

  #completed(batch: Batch): void {
    const content = this.#segments.at(-1)!;
    content.firstBatch ??= this.#nextBatch - 1;
    this.#marked = batch.bytes === 0;
    if (this.#space.low) mark("space-batch-written-from-the-reserve");
    for (const write of batch.writes) {
      if (write.kind === "firstSegment") continue;
      this.#durable.apply(write, content.sequence);
      if (write.kind === "entries") noteIndexes(content, write);
    }
    this.#queue.written();
    batch.done.resolve();
    if (this.#queue.hasWaiting) this.#armFlush();
    else if (!this.#marked) this.#armIdleMark();
    this.#prepareSpare();
  }

  /** Goes over to the next segment. Returns why it cannot, when the disk is full. */
  async #advance(extent: number): Promise<RaftctlError | undefined> {
    const needed = segmentHeaderBytes + extent + sectorBytes;
    try {
      let next = await this.#supply.take(this.#active.sequence + 1);
      await this.#use(next);
      if (next.sizeBytes < needed) {
        mark("wal-oversized-append");
        // An append larger than a segment gets one of its own; the spare before it stays empty until it is purged.
        next = await this.#supply.make(next.sequence + 1, needed);
        await this.#use(next);
      }
      mark("wal-rotated");
      this.#space.set(false);
      return undefined;
    } catch (error) {
      if (!isNoSpace(error)) throw error;
      mark("space-missing-at-rotation");
      this.#space.set(true);
      return error;
    }
  }

  async #use(segment: OpenSegment): Promise<void> {
    const previous = this.#active;
    this.#active = segment;
    this.#offset = segmentHeaderBytes;
    this.#segments.push({ sequence: segment.sequence, sizeBytes: segment.sizeBytes, firstBatch: undefined, indexMax: new Map() });
    await previous.file.close();
  }

  /** When half of the segment is used, so that going over to the next one does not wait for it. */
  #prepareSpare(): void {
    const wanted = this.#offset * 2 > this.#active.sizeBytes && !this.#supply.stocked;
    if (!wanted || this.#space.waiting || this.#failure !== undefined || this.#closing !== undefined) return;
    this.#supply.prepare(this.#active.sequence + 1).then(
      () => this.#space.set(false),
      (error: unknown) => {
        if (isNoSpace(error)) this.#space.set(true);
        else this.#fail(error);
      },
    );
  }

  #spaceReturned(): void {
    const roomy = this.#supply.stocked || this.#offset * 2 <= this.#active.sizeBytes;
    if (roomy) this.#space.set(false);
    else this.#prepareSpare();
  }

  /** Nothing of these batches counts as written: whoever made them is told, and the log goes on from what is durable. */
  #rejectAll(error: RaftctlError): void {
    const batches = this.#queue.drain();
    for (const { writes } of batches) {
      for (const write of writes) if (write.kind !== "firstSegment") this.#refused.add(write.region);
    }
    this.#accepted = this.#durable.copy();
    for (const batch of batches) batch.done.reject(error);
  }

  #armIdleMark(): void {
    if (this.#idleTimer !== undefined || this.#closing !== undefined) return;
    const { clock, idleMarkMs } = this.#options;
    this.#idleTimer = clock.at(Math.max(clock.now(), this.#lastAppendAt + idleMarkMs), () => {
      this.#idleTimer = undefined;
      if (this.#marked || !this.#queue.empty) return;
      if (clock.now() < this.#lastAppendAt + idleMarkMs) this.#armIdleMark();
      else this.#appendMark();
    });
  }

  #appendMark(): void {
    mark("wal-marked-as-complete");
    this.#queue.collecting(0, this.#options.clock.now());
    this.#flush();
  }

  async #purge(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing !== undefined) return;
    const plan = planPurge({ segments: this.#segments, floors: this.#floors, durable: this.#durable, accepted: this.#accepted });
    if (plan === undefined) return;
    mark("purge-removed-segments");
    await this.#enqueue([...plan.writesAgain, plan.first]);
    this.#segments = this.#segments.filter((segment) => segment.sequence >= plan.first.segment);
    const { disk, directory, logger } = this.#options;
    try {
      for (const { sequence } of plan.remove) await disk.unlink(`${directory}/${segmentName(sequence)}`);
      await disk.syncDirectory(directory);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
    logger.debug({ removed: plan.remove.length, firstSegment: plan.first.segment }, "segments that nobody needs were removed");
  }

  #fail(thrown: unknown): void {
    if (this.#failure !== undefined) return;
    const error = toRaftctlError(thrown);
    this.#failure = error;
    this.#options.logger.fatal({ err: error }, `the log ${this.#options.directory} can no longer be trusted: ${error.message}`);
    this.#idleTimer?.cancel();
    this.#space.stop();
    this.#rejectAll(error);
    this.#options.onFatal(error);
  }

  async #close(): Promise<void> {
    this.#idleTimer?.cancel();
    await this.#purging;
    while (!this.#queue.empty) await this.#queue.newest!.done.promise.catch(() => undefined);
    if (!this.#marked && this.#failure === undefined) {
      this.#appendMark();
      await this.#queue.newest?.done.promise.catch(() => undefined);
    }
    this.#space.stop();
    await this.#supply.close();
    await this.#active.file.close();
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function noteIndexes(content: SegmentContent, { region, entries }: Extract<WalWrite, { kind: "entries" }>): void {
  const last = entries.at(-1);
  if (last !== undefined) content.indexMax.set(region, Math.max(content.indexMax.get(region) ?? 0, last.index));
}

const isNoSpace = (error: unknown): error is RaftctlError => error instanceof RaftctlError && error.code === "NO_SPACE";
