// What the processes of one node share of its disk: the files, the conditions, the truth about the log, and the counts. The files are others after a
// crash; whoever is alive asks for them each time.

import { RaftctlError } from "../../../src/base/errors.ts";
import type { Prng } from "../../../src/base/prng.ts";
import type { FileTree } from "../../storage/file-tree.ts";
import type { Inode } from "../../storage/inode.ts";
import type { LogTruth } from "./log-truth.ts";
import type { SimConditions } from "./sim-conditions.ts";

export type Fault = "EIO" | "ENOSPC";

export interface DiskCounts {
  syncs: number;
  writtenBytes: number;
  failuresInjected: number;
}

export class Medium {
  tree: FileTree;
  readonly conditions: SimConditions;
  readonly truth: LogTruth;
  readonly prng: Prng;
  readonly counts: DiskCounts = { syncs: 0, writtenBytes: 0, failuresInjected: 0 };

  constructor(tree: FileTree, parts: { conditions: SimConditions; truth: LogTruth; prng: Prng }) {
    this.tree = tree;
    this.conditions = parts.conditions;
    this.truth = parts.truth;
    this.prng = parts.prng;
  }

  /** The fault that was ordered for the next durable operation, which this one is. */
  takeFault(): Fault | undefined {
    const fault = this.conditions.failNext;
    if (fault === undefined) return undefined;
    this.conditions.failNext = undefined;
    this.counts.failuresInjected += 1;
    return fault;
  }

  /** The space of a file that has lost its name. */
  give(inode: Inode | undefined): void {
    if (inode !== undefined) this.conditions.freeBytes += inode.content.length;
  }

  failed(fault: Fault, operation: string, path: string): RaftctlError {
    return new RaftctlError(fault === "ENOSPC" ? "NO_SPACE" : "IO_ERROR", `cannot ${operation} ${path}: ${fault}`);
  }

  /** Other files are there now; they take more or less space. */
  replace(tree: FileTree): void {
    this.conditions.freeBytes = Math.max(0, this.conditions.freeBytes + this.tree.bytes - tree.bytes);
    this.tree = tree;
    this.truth.reread(tree);
  }
}
