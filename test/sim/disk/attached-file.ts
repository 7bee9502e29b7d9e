// An open file of one boot of a process.

import type { DiskFile } from "../../../src/storage/disk.ts";
import type { Inode, Piece } from "../../storage/inode.ts";
import { pointsOf, type Area, type AreaPoints } from "./area.ts";
import type { Fault, Medium } from "./medium.ts";
import type { Operations } from "./operations.ts";

export interface AttachedFileParts {
  readonly path: string;
  readonly inode: Inode;
  readonly area: Area;
  readonly medium: Medium;
  readonly operations: Operations;
}

export class AttachedFile implements DiskFile {
  readonly path: string;
  readonly #inode: Inode;
  readonly #area: Area;
  readonly #points: AreaPoints;
  readonly #medium: Medium;
  readonly #operations: Operations;

  constructor({ path, inode, area, medium, operations }: AttachedFileParts) {
    this.path = path;
    this.#inode = inode;
    this.#area = area;
    this.#points = pointsOf[area];
    this.#medium = medium;
    this.#operations = operations;
  }

  size(): Promise<number> {
    return this.#operations.other(this.#points.size, () => () => this.#inode.content.length);
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.#operations.other(this.#points.read, () => () => this.#inode.content.slice(offset, offset + length));
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#operations.other(this.#points.write, () => {
      const piece = this.#inode.begin(offset, bytes);
      return () => void this.#arrive(piece, "write");
    });
  }

  writeDurable(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#operations.durable(this.#points.writeDurable, () => {
      const fault = this.#medium.takeFault();
      const piece = this.#inode.begin(offset, bytes);
      return () => {
        if (fault !== undefined) return this.#fail(piece, fault);
        this.#inode.settle(this.#arrive(piece, "write"));
        this.#synced();
      };
    });
  }

  sync(): Promise<void> {
    return this.#operations.durable(this.#points.sync, () => {
      const fault = this.#medium.takeFault();
      const covered = this.#inode.arrivals;
      return () => {
        if (fault !== undefined) {
          this.#inode.doubt(0, covered);
          throw this.#medium.failed(fault, "sync", this.path);
        }
        this.#inode.sync(covered);
        this.#synced();
      };
    });
  }

  allocate(size: number): Promise<void> {
    return this.#operations.other(this.#points.allocate, () => {
      const from = this.#inode.content.length;
      const piece = size > from ? this.#inode.begin(from, new Uint8Array(size - from)) : undefined;
      return () => {
        if (piece !== undefined) this.#arrive(piece, "allocate");
      };
    });
  }

  truncate(size: number): Promise<void> {
    return this.#operations.other(this.#points.truncate, () => () => {
      this.#medium.conditions.freeBytes += Math.max(0, this.#inode.content.length - size);
      this.#inode.truncate(size);
      this.#medium.truth.bytesDurable(this.#area);
    });
  }

  close(): Promise<void> {
    return this.#operations.other(this.#points.close, () => () => undefined);
  }

  /** In the page cache, as far as there is room. Answers its number. */
  #arrive(piece: Piece, operation: string): number {
    const end = piece.offset + piece.bytes.length;
    const growth = Math.max(0, end - this.#inode.content.length);
    const missing = Math.max(0, growth - Math.max(0, this.#medium.conditions.freeBytes));
    const number = this.#take(piece, Math.max(0, piece.bytes.length - missing));
    if (missing > 0) throw this.#medium.failed("ENOSPC", operation, this.path);
    return number;
  }

  #take(piece: Piece, length: number): number {
    const before = this.#inode.content.length;
    const number = this.#inode.arrive(piece, length);
    this.#medium.conditions.freeBytes -= this.#inode.content.length - before;
    this.#medium.counts.writtenBytes += length;
    return number;
  }

  #fail(piece: Piece, fault: Fault): never {
    const length = fault === "EIO" ? piece.bytes.length : this.#medium.prng.integer(0, Math.max(0, piece.bytes.length - 1));
    const number = this.#take(piece, length);
    this.#inode.doubt(number, number);
    throw this.#medium.failed(fault, "write", this.path);
  }

  #synced(): void {
    this.#medium.counts.syncs += 1;
    this.#medium.truth.bytesDurable(this.#area);
  }
}
