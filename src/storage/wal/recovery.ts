// Reads a log back: segment after segment, oldest first, and decides what is the end, what is a torn write and what is damage (scan.ts says how).
// `LogScan` is synchronous and looks at bytes only; `readWal` feeds it from a disk. Neither changes anything: refusing a damaged log leaves it
// as it is, however often it is tried. Cutting a torn tail is for the caller (wal.ts).

import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError } from "../../base/errors.ts";
import type { RegionId } from "../../base/ids.ts";
import type { Entry, HardState, LogPosition } from "../../raft/entry.ts";
import type { Disk } from "../disk.ts";
import { countZeroSectors, sectorBytes } from "./batch.ts";
import { recordHeaderBytes, recordOf } from "./record.ts";
import { Replay, type ReplayedRegion, type SegmentContent } from "./replay.ts";
import { scanSegment, type Chain } from "./scan.ts";
import {
  checkSegmentHeader, damagedSegment, decodeSegmentHeader, foundingSequence, isTemporary, readWhole, segmentHeaderBytes, segmentName, segmentSequence,
  type WalOwner,
} from "./segment.ts";

/** A write that a crash tore: never acknowledged, cut before anything is appended. */
export interface TornTail {
  readonly file: string;
  readonly offset: number;
  /** Up to the last byte that is not zero. */
  readonly bytes: number;
}

export interface RecoveredRegion {
  readonly hardState: HardState;
  /** Behind which the log begins; index 0, term 0 when at the very beginning. */
  readonly snapshot: LogPosition;
  readonly entries: Entry[];
  /** Of the log as a whole: a write that a crash tore was cut. */
  readonly tornTail?: TornTail;
}

/** Where the next batch goes. */
export interface WalEnd {
  readonly sequence: number;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly seed: number;
  /** Nothing but a mark was written last, so the last records are known to be complete. */
  readonly marked: boolean;
}

export interface WalImage {
  readonly regions: ReadonlyMap<RegionId, ReplayedRegion>;
  /** Those that count, oldest first; the ones behind `end` are empty. */
  readonly segments: readonly SegmentContent[];
  /** Sequence of the oldest segment that counts; older files are left over from a purge. */
  readonly firstSegment: number;
  readonly end: WalEnd;
  readonly seeds: ReadonlyMap<number, number>;
  readonly nextBatch: number;
  readonly previousCrc: number;
  readonly tornTail: TornTail | undefined;
}

interface ScannedEnd extends WalEnd {
  readonly path: string;
}

export class LogScan {
  readonly #owner: WalOwner;
  readonly #crc32: Crc32;
  readonly #replay: Replay;
  readonly #chain: Chain = { nextSequence: undefined, previousCrc: 0 };
  readonly #segments: SegmentContent[] = [];
  readonly #seeds = new Map<number, number>();
  #end: ScannedEnd | undefined;
  #torn: TornTail | undefined;

  constructor(owner: WalOwner, crc32: Crc32) {
    this.#owner = owner;
    this.#crc32 = crc32;
    this.#replay = new Replay(crc32);
  }

  /** The next segment, in order of sequence without gaps. @throws RaftctlError CORRUPT, INCOMPATIBLE */
  add(path: string, sequence: number, bytes: Uint8Array): void {
    const { header, seed } = decodeSegmentHeader(path, bytes, this.#crc32);
    checkSegmentHeader(path, header, { ...this.#owner, sequence, sizeBytes: bytes.length });
    if (this.#segments.length === 0 && sequence === foundingSequence) this.#chain.nextSequence = 1;
    const content: SegmentContent = { sequence, sizeBytes: bytes.length, firstBatch: undefined, indexMax: new Map() };
    const scan = scanSegment({ path, sequence, seed, bytes }, this.#chain, this.#crc32, (payload) => {
      const flaw = this.#replay.batch(payload, content);
      if (flaw !== undefined) throw damagedSegment(path, payload.byteOffset - bytes.byteOffset, flaw, this.#replay.describe());
    });
    const { tail, end, marked } = scan;
    if (tail.kind === "damaged") throw damagedSegment(path, tail.offset, tail.reason, this.#replay.describe());
    if (this.#torn !== undefined && (scan.firstBatch !== undefined || tail.kind === "torn")) {
      throw damagedSegment(this.#torn.file, this.#torn.offset, `batches follow in ${path}`, this.#replay.describe());
    }
    content.firstBatch = scan.firstBatch;
    this.#segments.push(content);
    this.#seeds.set(sequence, seed);
    if (tail.kind === "torn") this.#torn = { file: path, offset: end, bytes: tail.end - end };
    const isFirst = this.#end === undefined;
    if (isFirst || scan.firstBatch !== undefined || tail.kind === "torn") {
      const keepsMark = scan.firstBatch === undefined && this.#end !== undefined ? this.#end.marked : marked;
      this.#end = { sequence, offset: end, sizeBytes: bytes.length, seed, marked: keepsMark, path };
    }
  }

  /** What was read so far, for those who want to see a damaged log up to the damage. */
  get regions(): ReadonlyMap<RegionId, ReplayedRegion> {
    return this.#replay.regions;
  }

  /** Entries that were read as views of this memory are replaced by what `keep` makes of them, so that it can be released. */
  release(bytes: Uint8Array, keep: (entry: Entry) => Entry = withOwnMemory): void {
    for (const region of this.#replay.regions.values()) {
      for (let place = region.entries.length - 1; place >= 0; place -= 1) {
        const entry = region.entries[place]!;
        if (entry.data.buffer !== bytes.buffer) break;
        region.entries[place] = keep(entry);
      }
    }
  }

  /** @throws RaftctlError CORRUPT */
  finish(): WalImage {
    const end = this.#end!;
    const first = this.#checkBeginning();
    const missing = this.#replay.finish();
    if (missing !== undefined) throw damagedSegment(end.path, end.offset, missing);
    const live = this.#segments.filter((segment) => segment.sequence >= first);
    return {
      regions: this.#replay.regions,
      segments: live,
      firstSegment: first,
      end,
      seeds: this.#seeds,
      nextBatch: this.#chain.nextSequence ?? 1,
      previousCrc: this.#chain.previousCrc,
      tornTail: this.#torn,
    };
  }

  /** The oldest segment that counts must be there, with the batch that it began with. */
  #checkBeginning(): number {
    const first = this.#replay.firstSegment;
    const oldest = this.#segments[0]!;
    const expected = first?.segment ?? foundingSequence;
    const directory = this.#end!.path.slice(0, this.#end!.path.lastIndexOf("/"));
    if (oldest.sequence > expected) throw damagedSegment(`${directory}/${segmentName(expected)}`, 0, "the segment is missing");
    const found = this.#segments.find((segment) => segment.sequence === expected)!;
    if (first !== undefined && found.firstBatch !== first.batch) {
      const reason = `it begins with batch ${found.firstBatch ?? "none"} instead of ${first.batch}`;
      throw damagedSegment(`${directory}/${segmentName(expected)}`, segmentHeaderBytes, reason);
    }
    return expected;
  }
}

function withOwnMemory(entry: Entry): Entry {
  return { ...entry, data: recordOf(entry).slice().subarray(recordHeaderBytes) };
}

export interface WalSource {
  readonly disk: Disk;
  readonly directory: string;
  readonly crc32: Crc32;
  readonly owner: WalOwner;
}

/** Read-only. @throws RaftctlError CORRUPT with file, offset and the last index before it; INCOMPATIBLE; NOT_FOUND never. */
export async function readWal(source: WalSource): Promise<WalImage> {
  const sequences = await segmentsToRead(source);
  const scan = new LogScan(source.owner, source.crc32);
  for (const sequence of sequences) {
    const path = `${source.directory}/${segmentName(sequence)}`;
    const file = await source.disk.open(path, "read");
    try {
      const bytes = await readWhole(file);
      scan.add(path, sequence, bytes);
      scan.release(bytes);
    } finally {
      await file.close();
    }
  }
  return scan.finish();
}

/** Files that may go once recovery has succeeded: unfinished segments, and segments that a purge had not removed yet. */
export async function leftovers(disk: Disk, directory: string, firstSegment: number): Promise<readonly string[]> {
  const names = await disk.readDirectory(directory);
  return names.filter((name) => isTemporary(name) || (segmentSequence(name) ?? firstSegment) < firstSegment);
}

/** Overwrites a torn tail with zeros, durably. Harmless to repeat: a half-cut tail is still a torn one. */
export async function cutTornTail(disk: Disk, torn: TornTail): Promise<void> {
  const file = await disk.open(torn.file, "write");
  try {
    const end = Math.ceil((torn.offset + torn.bytes) / sectorBytes) * sectorBytes;
    const left = await file.read(torn.offset, end - torn.offset);
    if (countZeroSectors(left, 0, left.length) * sectorBytes < left.length) await file.writeDurable(torn.offset, new Uint8Array(left.length));
  } finally {
    await file.close();
  }
}

/** What each region finds in its log. The commit index is a hint: at least where the log begins, at most where it ends. */
export function recoveredRegions({ regions, tornTail }: WalImage): Map<RegionId, RecoveredRegion> {
  const recovered = new Map<RegionId, RecoveredRegion>();
  for (const [id, { hardState, mark, entries }] of regions) {
    const lastIndex = entries.at(-1)?.index ?? mark.index;
    const commitIndex = Math.min(Math.max(hardState.commitIndex, mark.index), lastIndex);
    recovered.set(id, { hardState: { ...hardState, commitIndex }, snapshot: mark, entries, ...(tornTail === undefined ? {} : { tornTail }) });
  }
  return recovered;
}

/** The newest run of segments without a gap; what is older than a gap was purged, which LogScan checks. */
export async function segmentsToRead({ disk, directory }: Pick<WalSource, "disk" | "directory">): Promise<readonly number[]> {
  if (!(await disk.exists(directory))) throw new RaftctlError("CORRUPT", `the log ${directory} is missing: this node has been initialised, its disk was lost or replaced`, missingHint);
  const names = await disk.readDirectory(directory);
  const sequences = names.map(segmentSequence).filter((sequence) => sequence !== undefined);
  if (sequences.length === 0) throw new RaftctlError("CORRUPT", `the log ${directory} holds no segment: this node has been initialised, its disk was lost or replaced`, missingHint);
  let begin = sequences.length - 1;
  while (begin > 0 && sequences[begin - 1] === sequences[begin]! - 1) begin -= 1;
  return sequences.slice(begin);
}

const missingHint = { hint: "remove the member and join again with an empty directory" };
