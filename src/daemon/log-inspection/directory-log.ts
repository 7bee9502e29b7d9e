// The log in a data directory, of a stopped node or beside a running one. Takes no lock and changes nothing. Memory: one segment while it is opened,
// afterwards a window of a segment and some hundred bytes for each entry. It is what a start would work with, and before it what is still there although
// a snapshot holds it too.

import { resolve } from "node:path";
import type { Crc32 } from "../../base/crc.ts";
import { RaftctlError, toRaftctlError } from "../../base/errors.ts";
import { globalRegion, globalRegionName } from "../../base/ids.ts";
import type { Entry, HardState } from "../../raft/entry.ts";
import { layout, readIdentity, type Identity } from "../../storage/data-dir.ts";
import type { Disk } from "../../storage/disk.ts";
import type { WalImage } from "../../storage/wal/recovery.ts";
import { logStart, pristineHardState, type ReplayedRegion, type SegmentContent } from "../../storage/wal/replay.ts";
import { segmentName } from "../../storage/wal/segment.ts";
import type { LogContent, LogDamage, LogEntry, LogHeader, LogRange, LogSegment, LogSnapshot, LogSource } from "../../wire/log-inspection.ts";
import { closeFiles, readLogBeside, type PlacedEntry, type ReadLog } from "./directory-reading.ts";
import { entryFacts } from "./entry-facts.ts";
import { entryWindows } from "./record-window.ts";
import { readSnapshotFiles } from "./snapshot-files.ts";

export interface DirectoryPlace {
  readonly disk: Disk;
  readonly crc32: Crc32;
  readonly dataDir: string;
}

export class DirectoryLog implements LogSource {
  readonly header: LogHeader;
  readonly #crc32: Crc32;
  readonly #files: ReadLog["files"];
  readonly #entries: readonly PlacedEntry[];

  /** @throws NOT_INITIALIZED, UNKNOWN_GROUP, INCOMPATIBLE, IO_ERROR, and CORRUPT for damage that leaves nothing of the log to look at */
  static async open(place: DirectoryPlace, region: string): Promise<DirectoryLog> {
    if (region !== globalRegionName) throw new RaftctlError("UNKNOWN_GROUP", `no region ${JSON.stringify(region)}: this directory has ${JSON.stringify(globalRegionName)}`);
    const identity = await identityOf(place);
    const { disk, crc32 } = place;
    const read = await readLogBeside({ disk, directory: layout.wal(resolve(place.dataDir)), crc32, owner: identity });
    try {
      // After the log: a purge only takes away what a snapshot holds that is already there.
      const snapshots = await readSnapshots(place);
      return new DirectoryLog(place, identity, read, snapshots);
    } catch (error) {
      await closeFiles(read.files);
      throw error;
    }
  }

  private constructor({ crc32, dataDir }: DirectoryPlace, identity: Identity, read: ReadLog, { snapshots, damage }: Snapshots) {
    const region = read.regions.get(globalRegion);
    const held = heldEntries(region, read.damage === undefined ? snapshots.at(-1) : undefined);
    this.#crc32 = crc32;
    this.#files = read.files;
    this.#entries = held.entries;
    const hardState = region?.hardState ?? pristineHardState;
    const newest = snapshots.at(-1);
    this.header = {
      source: "directory", clusterId: identity.clusterId, nodeId: identity.nodeId, node: identity.name, region: globalRegionName, dataDir: resolve(dataDir),
      start: held.start, firstIndex: held.start.index + 1, lastIndex: held.entries.at(-1)?.index ?? held.start.index,
      commitIndex: knownCommit(hardState, newest, held), lastApplied: null,
      hardState: { term: Math.max(hardState.currentTerm, newest?.term ?? 0), vote: hardState.votedFor ?? null },
      snapshots, segments: segmentsOf(read.image, newest?.index ?? 0), tornTail: read.image?.tornTail ?? null,
      damage: read.damage === undefined ? damage : damageOf(read.damage),
    };
  }

  async *entries({ first, last }: LogRange, content: LogContent): AsyncGenerator<readonly LogEntry[]> {
    const { start, commitIndex } = this.header;
    const wanted = this.#entries.slice(Math.max(0, first - start.index - 1), Math.max(0, last - start.index));
    for await (const window of entryWindows(wanted, this.#files, this.#crc32)) {
      yield window.map((entry) => entryFacts(entry, { commitIndex, content, crc32: this.#crc32 }));
    }
  }

  close(): Promise<void> {
    return closeFiles(this.#files);
  }
}

export function damageOf({ message, details }: RaftctlError): LogDamage {
  const { file, offset } = details ?? {};
  return { message, file: typeof file === "string" ? file : null, offset: typeof offset === "number" ? offset : null };
}

export async function identityOf({ disk, crc32, dataDir }: DirectoryPlace): Promise<Identity> {
  const directory = resolve(dataDir);
  const identity = (await disk.exists(directory)) ? await readIdentity(disk, directory, crc32) : undefined;
  if (identity !== undefined) return identity;
  const why = (await disk.exists(directory)) ? "holds no node" : "does not exist";
  throw new RaftctlError("NOT_INITIALIZED", `${directory} ${why}`, { hint: "name the data directory of a node: the one that --data-dir was for init or join" });
}

interface Snapshots {
  readonly snapshots: LogSnapshot[];
  readonly damage: LogDamage | null;
}

/** A damaged one is no reason not to look at the log. */
async function readSnapshots({ disk, crc32, dataDir }: DirectoryPlace): Promise<Snapshots> {
  try {
    return { snapshots: await readSnapshotFiles(disk, layout.snapshots(resolve(dataDir), globalRegion), crc32), damage: null };
  } catch (thrown) {
    const error = toRaftctlError(thrown);
    if (error.code !== "CORRUPT") throw error;
    return { snapshots: [], damage: damageOf(error) };
  }
}

interface Held {
  readonly start: LogHeader["start"];
  readonly entries: readonly PlacedEntry[];
}

/** A log that ends before the newest snapshot, or disagrees with it, gives way to it at the next start (Figure 13, rule 7); a damaged one has none. */
function heldEntries(region: ReplayedRegion | undefined, snapshot: LogSnapshot | undefined): Held {
  const entries = (region?.entries ?? []) as readonly Entry[] as readonly PlacedEntry[];
  const start = beginningOf(region, entries);
  if (snapshot === undefined || snapshot.index <= start.index) return { start, entries };
  const agrees = entries[snapshot.index - start.index - 1]?.term === snapshot.term;
  return agrees ? { start, entries } : { start: { index: snapshot.index, term: snapshot.term }, entries: [] };
}

/** Of a damaged log the position where it begins may stand behind the damage. */
function beginningOf(region: ReplayedRegion | undefined, entries: readonly PlacedEntry[]): Held["start"] {
  const position = region?.mark ?? logStart;
  const first = entries[0]?.index ?? position.index + 1;
  return first === position.index + 1 ? position : { index: first - 1, term: null };
}

/** The hard state's is a hint that may be older than what is there; never more than that. */
function knownCommit(hardState: HardState, snapshot: LogSnapshot | undefined, { start, entries }: Held): number {
  const last = entries.at(-1)?.index ?? start.index;
  return Math.min(Math.max(hardState.commitIndex, snapshot?.index ?? 0, start.index), last);
}

function segmentsOf(image: WalImage | undefined, snapshotIndex: number): LogSegment[] {
  if (image === undefined) return [];
  const { segments, end } = image;
  let purgeable = true;
  return segments.map((segment) => {
    const lastIndex = segment.indexMax.get(globalRegion) ?? null;
    purgeable &&= segment.sequence < end.sequence && (lastIndex ?? 0) <= snapshotIndex;
    return { file: segmentName(segment.sequence), bytes: segment.sizeBytes, state: stateOf(segment, end.sequence), lastIndex, purgeable };
  });
}

function stateOf({ sequence }: SegmentContent, active: number): NonNullable<LogSegment["state"]> {
  if (sequence === active) return "active";
  return sequence < active ? "full" : "spare";
}
