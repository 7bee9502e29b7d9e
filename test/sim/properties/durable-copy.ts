// What a disk held at one moment, kept: the disk itself goes on, or is lost.

import type { HardState } from "../../../src/raft/entry.ts";
import type { DurableLog } from "./property.ts";

export class DurableCopy implements DurableLog {
  readonly hardState: HardState;
  readonly snapshotIndex: number;
  readonly lastIndex: number;
  readonly #terms: (number | undefined)[] = [];

  constructor(disk: DurableLog) {
    this.hardState = disk.hardState;
    this.snapshotIndex = disk.snapshotIndex;
    this.lastIndex = disk.lastIndex;
    for (let index = disk.snapshotIndex + 1; index <= disk.lastIndex; index += 1) this.#terms.push(disk.termAt(index));
  }

  termAt(index: number): number | undefined {
    return this.#terms[index - this.snapshotIndex - 1];
  }
}
