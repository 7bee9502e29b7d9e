// A random life of the production log on a simulated disk: appends that overwrite, hard states, marks, rotation and purges, of two regions, several at a
// time, until the process dies somewhere. What the disk says is durable is compared with what the production recovery finds on a copy of it.

import { Prng } from "../../../../src/base/prng.ts";
import { parseRegionId } from "../../../../src/base/ids.ts";
import { SnapshotStore } from "../../../../src/storage/snapshot-store.ts";
import { silentLogger } from "../../../../src/base/logger.ts";
import { Wal, type RecoveredRegion, type WalWrite } from "../../../../src/storage/wal/wal.ts";
import { crc32, directory, entries, entry, foundedDisk, owner, region, walOptions } from "../../../storage/wal/fixtures.ts";
import type { LogTruth } from "../log-truth.ts";
import { SimDisk } from "../sim-disk.ts";
import { TestClock, TestLife, TestTime, turn } from "./test-time.ts";

const elsewhere = parseRegionId(2);
const segmentBytes = 8 * 1024;
const snapshotDirectory = `${directory.slice(0, directory.lastIndexOf("/"))}/regions/${region}/snapshots`;

export class LogLife {
  readonly disk: SimDisk;
  readonly time = new TestTime("by itself");
  /** How often the truth was compared. */
  comparisons = 0;
  torn = 0;
  purged = 0;
  readonly #prng: Prng;
  #wal!: Wal;
  #snapshots!: SnapshotStore;
  #term = 1;
  #last = 0;
  #elsewhere = 0;
  #begin = 0;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
    this.disk = new SimDisk({ prng: new Prng(seed + 1), crc32, region });
  }

  async found(): Promise<void> {
    const disk = this.disk.attach(new TestLife(this.time));
    await foundedDisk(disk);
    await disk.makeDirectory(snapshotDirectory);
  }

  /** One boot, with `steps` actions unless it dies before. */
  async boot(steps: number): Promise<void> {
    const insideWrite = this.#prng.chance(0.6);
    const life = this.#newLife(insideWrite || this.#prng.chance(0.5));
    const died = new Promise<void>((resolve) => (life.onDeath = resolve));
    if (insideWrite) this.#dieInsideWrite(life, this.#prng.integer(1, 15));
    else life.dieAt = this.#prng.integer(1, 400);
    await Promise.race([this.#live(life, steps), died]);
    life.alive = false;
    this.disk.crash(this.#prng.chance(0.5) ? "kill" : "powerLoss");
    await turn();
  }

  /** What the production recovery would find after losing power now is what the disk says. */
  async compare(): Promise<void> {
    const copy = new SimDisk({ prng: new Prng(1), crc32, region });
    copy.restoreImage(this.disk.image());
    const said = describe(this.disk.durableLog);
    const found = (await Wal.open(walOptions(copy.attach(new TestLife(this.time))))).recovered.get(region);
    if (said !== describeRecovered(found)) throw new Error(`the disk says ${said}\nrecovery says ${describeRecovered(found)}`);
    this.#compareContent(found);
    this.comparisons += 1;
  }

  /** What stands in its bytes is read by `inspect-log`, and has to be what recovery reads. */
  #compareContent(found: RecoveredRegion | undefined): void {
    const stored = this.disk.durableLog.storedEntries();
    for (const { index, term, type, data } of found?.entries ?? []) {
      const said = stored.get(index);
      const isSame = said?.term === term && said.type === type && said.data.length === data.length && crc32(said.data) === crc32(data);
      if (!isSame) throw new Error(`index ${index} is of term ${term} for recovery, and another entry on the disk`);
    }
  }

  #newLife(slow: boolean): TestLife {
    const life = new TestLife(this.time);
    this.disk.conditions.durableMs = () => (slow ? this.#prng.integer(1, 5) : 0);
    this.disk.conditions.otherMs = () => (slow ? this.#prng.integer(0, 2) : 0);
    return life;
  }

  /** While this write of the log, counted from the start, is under way. */
  #dieInsideWrite(life: TestLife, number: number): void {
    const pass = life.passed.bind(life);
    let left = number;
    life.passed = (point) => {
      if (point === "disk.writeDurable.wal") left -= 1;
      if (point === "disk.writeDurable.wal" && left === 0) life.after(0, () => life.die());
      pass(point);
    };
  }

  async #live(life: TestLife, steps: number): Promise<void> {
    const disk = this.disk.attach(life);
    this.#wal = await Wal.open(walOptions(disk, { clock: new TestClock(life), segmentBytes, onFatal: () => life.die() }));
    if (this.#wal.tornTail !== undefined) this.torn += 1;
    this.#snapshots = await SnapshotStore.open({ disk, directory: snapshotDirectory, crc32, clusterId: owner.clusterId, region, logger: silentLogger });
    const found = this.#wal.recovered.get(region);
    this.#begin = Math.max(found?.snapshot.index ?? 0, this.#snapshots.latest?.index ?? 0);
    this.#last = lastIndexOf(found);
    this.#elsewhere = lastIndexOf(this.#wal.recovered.get(elsewhere));
    await this.compare();
    for (let step = 0; step < steps && life.alive; step += 1) await this.#step();
  }

  async #step(): Promise<void> {
    const chance = this.#prng.next();
    if (chance < 0.7) await this.#appendSeveral();
    else if (chance < 0.8) await this.#mark();
    else if (chance < 0.9) await this.#snapshotAndPurge();
    await this.compare();
  }

  async #appendSeveral(): Promise<void> {
    const appends = Array.from({ length: this.#prng.integer(1, 4) }, () => this.#wal.append(this.#writes()));
    if (this.#prng.chance(0.5)) await Promise.all(appends);
    else await turn();
  }

  #writes(): WalWrite[] {
    const writes: WalWrite[] = [];
    if (this.#prng.chance(0.3)) writes.push(this.#hardState());
    if (this.#prng.chance(0.3)) {
      this.#elsewhere += 1;
      writes.push({ kind: "entries", region: elsewhere, entries: [entry(this.#elsewhere, 1)] });
    }
    const overwritten = this.#prng.chance(0.2) ? this.#prng.integer(0, Math.min(5, this.#last - this.#begin)) : 0;
    const first = this.#last - overwritten + 1;
    if (overwritten > 0) this.#term += 1;
    this.#last = first + this.#prng.integer(0, 4);
    writes.push({ kind: "entries", region, entries: entries(first, this.#last, this.#term, this.#prng.integer(0, 500)) });
    return writes;
  }

  #hardState(): WalWrite {
    this.#term += this.#prng.integer(0, 2);
    const votedFor = this.#prng.chance(0.5) ? String(this.#prng.integer(1, 9)) : undefined;
    return { kind: "hardState", region, hardState: { currentTerm: this.#term, votedFor, commitIndex: this.#prng.integer(this.#begin, this.#last) } };
  }

  async #mark(): Promise<void> {
    this.#last += this.#prng.integer(0, 3);
    this.#begin = this.#last;
    this.#term += 1;
    await this.#wal.append([{ kind: "snapshotMark", region, position: { index: this.#last, term: this.#term } }]);
  }

  /** Everything acknowledged is known to be durable first, so that the floor is an entry of the log. */
  async #snapshotAndPurge(): Promise<void> {
    await this.#wal.append([]);
    const index = this.#prng.integer(this.#begin, this.#last);
    const term = this.disk.durableLog.termAt(index);
    if (term === undefined) return;
    await this.#snapshots.write({ index, term, membership: { voters: [], votersOutgoing: [], learners: [], learnersNext: [], members: [] } }, [new Uint8Array(1500).fill(7)]);
    await this.#snapshots.prune(1);
    if (this.disk.durableLog.snapshotIndex !== index) throw new Error(`the disk says snapshot ${this.disk.durableLog.snapshotIndex}, ${index} is durable`);
    const before = this.#wal.stats.segments;
    await this.#wal.purge(new Map([[region, index], [elsewhere, this.#elsewhere]]));
    this.#begin = index;
    if (this.#wal.stats.segments < before) this.purged += 1;
  }
}

export function describe(log: LogTruth): string {
  const { currentTerm, votedFor } = log.hardState;
  const terms: string[] = [];
  for (let index = log.begin.index + 1; index <= log.lastIndex; index += 1) terms.push(`${index}:${log.termAt(index) ?? "-"}`);
  return `${currentTerm}/${votedFor ?? "-"} behind ${log.begin.index}@${log.begin.term} up to ${log.lastIndex}, ${terms.join(" ")}`;
}

function lastIndexOf(found: RecoveredRegion | undefined): number {
  return found?.entries.at(-1)?.index ?? found?.snapshot.index ?? 0;
}

function describeRecovered(found: RecoveredRegion | undefined): string {
  const { currentTerm, votedFor } = found?.hardState ?? { currentTerm: 0, votedFor: undefined };
  const { index, term } = found?.snapshot ?? { index: 0, term: 0 };
  const held = found?.entries ?? [];
  return `${currentTerm}/${votedFor ?? "-"} behind ${index}@${term} up to ${held.at(-1)?.index ?? index}, ${held.map((each) => `${each.index}:${each.term}`).join(" ")}`;
}
