// The disk of one simulated node, which survives its processes. Each boot attaches to it; a crash decides what the next boot finds; and `durableLog` says
// at every moment what a loss of power would leave of the log, whatever the node believes.

import type { Crc32 } from "../../../src/base/crc.ts";
import type { RegionId } from "../../../src/base/ids.ts";
import type { Prng } from "../../../src/base/prng.ts";
import type { Disk } from "../../../src/storage/disk.ts";
import { lastNonZero } from "../../../src/storage/wal/batch.ts";
import { FileTree } from "../../storage/file-tree.ts";
import type { Inode } from "../../storage/inode.ts";
import { areaOf, type Area } from "./area.ts";
import { AttachedDisk } from "./attached-disk.ts";
import type { DiskConditions } from "./conditions.ts";
import { LogTruth } from "./log-truth.ts";
import { Medium, type DiskCounts } from "./medium.ts";
import { Operations, type TimedLife } from "./operations.ts";
import { SimConditions } from "./sim-conditions.ts";

export interface SimDiskOptions {
  readonly prng: Prng;
  readonly crc32: Crc32;
  readonly region: RegionId;
  /** What the page cache held when a process was killed is durable before the next one starts, or stays as it was. The first when absent. */
  readonly afterKill?: "written back" | "cached";
}

/** A copy of all that was durable at one moment. */
export interface DiskImage {
  readonly tree: FileTree;
}

export class SimDisk {
  readonly conditions: DiskConditions;
  readonly durableLog: LogTruth;
  readonly #options: SimDiskOptions;
  readonly #conditions = new SimConditions();
  readonly #medium: Medium;

  constructor(options: SimDiskOptions) {
    this.#options = options;
    this.conditions = this.#conditions;
    const tree = new FileTree();
    this.durableLog = new LogTruth(tree, options.region, options.crc32);
    this.#medium = new Medium(tree, { conditions: this.#conditions, truth: this.durableLog, prng: options.prng });
  }

  /** What one boot of the process sees. */
  attach(life: TimedLife): Disk {
    return new AttachedDisk(this.#medium, new Operations(life, this.#conditions));
  }

  /** The life is over. */
  crash(kind: "kill" | "powerLoss"): void {
    this.#conditions.forget();
    const { prng, afterKill } = this.#options;
    const { tree } = this.#medium;
    const found = kind === "kill" ? tree.killed(prng) : tree.crashed(prng);
    if (kind === "kill" && afterKill !== "cached") found.sync();
    this.#medium.replace(found);
  }

  /** A new, empty disk. */
  wipe(): void {
    this.#conditions.forget();
    this.#medium.replace(new FileTree());
  }

  /**
   * Damages one bit that was really written. Answers "path offset bit", or undefined when there is none. While no process is attached. The log counts as
   * durable all the same: it was, when it was promised.
   */
  flipBit(area: Exclude<Area, "other">): string | undefined {
    const { prng } = this.#options;
    const files = [...this.#filesOf(area)];
    if (files.length === 0) return undefined;
    const { path, inode, written } = files[prng.integer(0, files.length - 1)]!;
    const offset = prng.integer(0, written - 1);
    const bit = prng.integer(0, 7);
    inode.flip(offset, bit);
    return `${path} ${offset} ${bit}`;
  }

  /** What is durable now, for bringing it back later. */
  image(): DiskImage {
    return { tree: this.#medium.tree.durableCopy() };
  }

  /** The disk is rolled back. While no process is attached. */
  restoreImage({ tree }: DiskImage): void {
    this.#conditions.forget();
    this.#medium.replace(tree.durableCopy());
  }

  get counts(): Readonly<DiskCounts> {
    return this.#medium.counts;
  }

  /** Of all that was ordered with `failNext`. */
  get failuresInjected(): number {
    return this.#medium.counts.failuresInjected;
  }

  *#filesOf(area: Area): Generator<{ path: string; inode: Inode; written: number }> {
    for (const [directory, { durable }] of this.#medium.tree.directories()) {
      for (const [name, inode] of durable) {
        const path = `${directory === "/" ? "" : directory}/${name}`;
        if (areaOf(path) !== area) continue;
        const written = (lastNonZero(inode.durable, 0, inode.durable.length) ?? -1) + 1;
        if (written > 0) yield { path, inode, written };
      }
    }
  }
}
