// The scripted life of a log and a snapshot directory: boot, appends in batches, rotation, compaction, a membership change, a snapshot install, a
// removed region, restarts. At every change of the disk, before it is durable, the machine loses power in several ways, and what it finds after
// that is recovered and compared with what was promised.

import { expect } from "vitest";
import { Prng } from "../../src/base/prng.ts";
import { parseRegionId, type RegionId } from "../../src/base/ids.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { entryTypes } from "../../src/raft/entry.ts";
import type { Membership } from "../../src/raft/membership.ts";
import type { SnapshotMeta } from "../../src/raft/message.ts";
import { SnapshotStore } from "../../src/storage/snapshot-store.ts";
import type { Wal, WalWrite } from "../../src/storage/wal/wal.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { settled } from "./turn-clock.ts";
import { crc32, directory, entries, entry, foundedDisk, openWal, owner } from "./wal/fixtures.ts";
import { LogModel } from "./wal/log-model.ts";

const regions = [1, 2, 3].map(parseRegionId);
const snapshotDirectory = "/data/regions/1/snapshots";
const membership: Membership = { voters: ["7" as never], votersOutgoing: [], learners: [], learnersNext: [], members: [] };

export interface CrashCounts {
  boundaries: number;
  states: number;
  torn: number;
}

export class CrashLife {
  readonly counts: CrashCounts = { boundaries: 0, states: 0, torn: 0 };
  readonly #disk = new MemoryDisk();
  readonly #model = new LogModel();
  readonly #prng: Prng;
  readonly #crashesPerBoundary: number;
  /** Last index of the regions beside the first one. */
  readonly #elsewhere = new Map<RegionId, number>();
  #wal!: Wal;
  #snapshots!: SnapshotStore;
  /** Index of the newest snapshot that was acknowledged, and of the newest one that was begun. */
  #snapshotAcknowledged = 0;
  #snapshotBegun = 0;

  constructor(seed: number, crashesPerBoundary: number) {
    this.#prng = new Prng(seed);
    this.#crashesPerBoundary = crashesPerBoundary;
  }

  async live(): Promise<void> {
    await foundedDisk(this.#disk);
    await this.#disk.makeDirectory(snapshotDirectory);
    this.#disk.onChange = () => this.#crash();
    await this.#boot();
    await this.#appendInBatches(1, 100, 1);
    await this.#elect(2);
    await this.#appendInBatches(96, 160, 2);
    await this.#changeMembership(161);
    await this.#takeSnapshot(120, 2);
    await this.#purge(120);
    await this.#restart();
    await this.#appendInBatches(162, 230, 2);
    await this.#installSnapshot({ index: 240, term: 3, membership });
    await this.#elect(3);
    await this.#appendInBatches(241, 300, 3);
    this.#elsewhere.delete(regions[2]!);
    await this.#append([{ kind: "regionRemoved", region: regions[2]! }]);
    await this.#purge(240);
    await this.#restart();
    await this.#appendInBatches(301, 310, 3);
    await this.#wal.close();
  }

  async #boot(): Promise<void> {
    this.#wal = await openWal(this.#disk, { segmentBytes: 12 * 1024 });
    expect(this.#model.objection(this.#wal.recovered)).toBeUndefined();
    this.#snapshots = await this.#openSnapshots(this.#disk);
  }

  async #restart(): Promise<void> {
    await this.#wal.close();
    await this.#boot();
  }

  async #append(writes: readonly WalWrite[]): Promise<void> {
    this.#model.append(writes);
    const number = this.#model.issued;
    await this.#wal.append(writes);
    this.#model.acknowledge(number);
  }

  /** Several appends are under way at once, of all regions, so that they share batches. */
  async #appendInBatches(first: number, last: number, term: number): Promise<void> {
    let next = first;
    while (next <= last) {
      const waiting: Promise<void>[] = [];
      for (let count = this.#prng.integer(1, 5); count > 0 && next <= last; count -= 1) {
        const end = Math.min(last, next + this.#prng.integer(0, 2));
        const region = regions[0]!;
        waiting.push(this.#append([{ kind: "entries", region, entries: entries(next, end, term, this.#prng.integer(0, 900)) }]));
        if (this.#prng.chance(0.3)) waiting.push(this.#appendElsewhere(next, term));
        next = end + 1;
      }
      await Promise.all(waiting);
    }
  }

  #appendElsewhere(seed: number, term: number): Promise<void> {
    const region = regions[1 + (seed % 2)]!;
    const index = (this.#elsewhere.get(region) ?? 0) + 1;
    this.#elsewhere.set(region, index);
    return this.#append([
      { kind: "entries", region, entries: [entry(index, term)] },
      { kind: "hardState", region, hardState: { currentTerm: term, votedFor: undefined, commitIndex: index - 1 } },
    ]);
  }

  async #elect(term: number): Promise<void> {
    for (const region of regions.slice(0, 2)) {
      await this.#append([{ kind: "hardState", region, hardState: { currentTerm: term, votedFor: "12345678901234567890", commitIndex: 1 } }]);
    }
  }

  async #changeMembership(index: number): Promise<void> {
    await this.#append([{ kind: "entries", region: regions[0]!, entries: [entry(index, 2, 200, entryTypes.membership)] }]);
  }

  async #takeSnapshot(index: number, term: number): Promise<void> {
    this.#snapshotBegun = index;
    await this.#snapshots.write({ index, term, membership }, [new Uint8Array(700).fill(index % 256), new Uint8Array(300).fill(7)]);
    this.#snapshotAcknowledged = index;
    await this.#snapshots.prune(1);
  }

  async #installSnapshot(meta: SnapshotMeta): Promise<void> {
    const source = await this.#openSnapshots(await withDirectory(new MemoryDisk()));
    const info = await source.write(meta, [new Uint8Array(2000).fill(9)]);
    this.#snapshotBegun = meta.index;
    const receiver = await this.#snapshots.receive(meta);
    for (let offset = 0; offset < info.bytes; offset = receiver.nextOffset) await receiver.write(offset, await source.readRaw(info, offset, 512));
    await receiver.finish();
    this.#snapshotAcknowledged = meta.index;
    await this.#append([
      { kind: "hardState", region: regions[0]!, hardState: { currentTerm: meta.term, votedFor: undefined, commitIndex: meta.index } },
      { kind: "snapshotMark", region: regions[0]!, position: { index: meta.index, term: meta.term } },
    ]);
    await this.#snapshots.prune(1);
  }

  async #purge(floor: number): Promise<void> {
    const floors = new Map<RegionId, number>([[regions[0]!, floor], ...[...this.#elsewhere].map(([region, index]): [RegionId, number] => [region, Math.max(0, index - 2)])]);
    for (const [region, index] of floors) this.#model.floor(region, index);
    const before = this.#wal.stats.segments;
    await this.#wal.purge(floors);
    expect(this.#wal.stats.segments).toBeLessThan(before);
    await settled();
  }

  async #crash(): Promise<void> {
    this.counts.boundaries += 1;
    for (let crash = 0; crash < this.#crashesPerBoundary; crash += 1) await this.#recover(this.#disk.crashed(this.#prng), crash);
  }

  async #recover(found: MemoryDisk, crash: number): Promise<void> {
    this.counts.states += 1;
    const wal = await openWal(found, { segmentBytes: 12 * 1024 });
    const objection = this.#model.objection(wal.recovered);
    if (objection !== undefined) throw new Error(objection);
    if (wal.tornTail !== undefined) this.counts.torn += 1;
    await this.#checkSnapshots(found);
    if (crash % 8 === 0) await this.#crashAgain(found, wal);
  }

  async #checkSnapshots(found: MemoryDisk): Promise<void> {
    const { latest } = await this.#openSnapshots(found);
    const index = latest?.index ?? 0;
    if (index < this.#snapshotAcknowledged || index > this.#snapshotBegun) throw new Error(`snapshot ${index} instead of ${this.#snapshotAcknowledged} to ${this.#snapshotBegun}`);
  }

  /** A recovered log goes on: it takes an append, and a second crash finds that too. */
  async #crashAgain(found: MemoryDisk, wal: Wal): Promise<void> {
    const first = (wal.recovered.get(regions[0]!)?.entries.at(-1)?.index ?? wal.recovered.get(regions[0]!)?.snapshot.index ?? 0) + 1;
    await wal.append([{ kind: "entries", region: regions[0]!, entries: entries(first, first, 9) }]);
    const again = await openWal(found.crashed(this.#prng), { segmentBytes: 12 * 1024 });
    expect(again.recovered.get(regions[0]!)!.entries.at(-1)).toMatchObject({ index: first, term: 9 });
    expect(again.tornTail).toBeUndefined();
    this.counts.states += 1;
  }

  async #openSnapshots(disk: MemoryDisk): Promise<SnapshotStore> {
    return SnapshotStore.open({ disk, directory: snapshotDirectory, crc32, clusterId: owner.clusterId, region: regions[0]!, logger: silentLogger });
  }
}

async function withDirectory(disk: MemoryDisk): Promise<MemoryDisk> {
  await disk.makeDirectory(directory);
  return disk;
}
