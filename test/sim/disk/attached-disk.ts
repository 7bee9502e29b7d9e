// The disk as one boot of a process sees it. Names and sizes change, and bytes reach the page cache, when an operation ends; what is being written at the
// moment of a crash may be there or not. Durable is what was written or renamed before the sync was issued, and nothing else.

import type { Disk, DiskFile } from "../../../src/storage/disk.ts";
import { parentOf } from "../../storage/file-tree.ts";
import { areaOf, pointsOf } from "./area.ts";
import { AttachedFile } from "./attached-file.ts";
import type { Medium } from "./medium.ts";
import type { Operations } from "./operations.ts";

export class AttachedDisk implements Disk {
  readonly #medium: Medium;
  readonly #operations: Operations;

  constructor(medium: Medium, operations: Operations) {
    this.#medium = medium;
    this.#operations = operations;
  }

  open(path: string, mode: "create" | "read" | "write"): Promise<DiskFile> {
    const area = areaOf(path);
    return this.#operations.other(pointsOf[area].open, () => () => {
      return new AttachedFile({ path, inode: this.#medium.tree.open(path, mode), area, medium: this.#medium, operations: this.#operations });
    });
  }

  readDirectory(path: string): Promise<readonly string[]> {
    return this.#operations.other(pointsOf[areaOf(path)].readDirectory, () => () => this.#medium.tree.list(path));
  }

  makeDirectory(path: string): Promise<void> {
    return this.#operations.other(pointsOf[areaOf(path)].makeDirectory, () => () => this.#medium.tree.makeDirectory(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#operations.other(pointsOf[areaOf(to)].rename, () => () => {
      this.#medium.give(this.#medium.tree.rename(from, to));
      this.#medium.truth.namesChanged(parentOf(to));
    });
  }

  unlink(path: string): Promise<void> {
    return this.#operations.other(pointsOf[areaOf(path)].unlink, () => () => {
      this.#medium.give(this.#medium.tree.unlink(path));
      this.#medium.truth.namesChanged(parentOf(path));
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#operations.durable(pointsOf[areaOf(path)].syncDirectory, () => {
      const fault = this.#medium.takeFault();
      const directory = this.#medium.tree.exists(path) ? this.#medium.tree.directory(path) : undefined;
      const upTo = directory?.changes;
      return () => {
        if (fault !== undefined) throw this.#medium.failed(fault, "sync the directory", path);
        this.#medium.tree.directory(path).sync(upTo);
        this.#medium.counts.syncs += 1;
        this.#medium.truth.namesChanged(path);
      };
    });
  }

  exists(path: string): Promise<boolean> {
    return this.#operations.other(pointsOf[areaOf(path)].exists, () => () => this.#medium.tree.exists(path));
  }

  freeBytes(path: string): Promise<number> {
    return this.#operations.other(pointsOf[areaOf(path)].freeBytes, () => () => Math.max(0, this.#medium.conditions.freeBytes));
  }
}
