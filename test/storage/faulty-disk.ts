// A disk that does what it is told to do wrong: the nth call fails, is cut short, is slow or lies. Calls are counted over the disk and all of its
// files. `observe` sees every call before it happens and again when it has.

import { RaftctlError, type ErrorCode } from "../../src/base/errors.ts";
import type { Disk, DiskFile } from "../../src/storage/disk.ts";

export type FaultKind = "EIO" | "ENOSPC" | "short" | "lie" | "slow";
export type Operation =
  | "open" | "readDirectory" | "makeDirectory" | "rename" | "unlink" | "syncDirectory" | "exists" | "freeBytes"
  | "size" | "read" | "write" | "writeDurable" | "sync" | "allocate" | "truncate" | "close";

export interface Call {
  readonly number: number;
  readonly operation: Operation;
  readonly path: string;
}

export interface FaultPlan {
  readonly fault?: (call: Call) => FaultKind | undefined;
  readonly observe?: (call: Call, moment: "before" | "after") => void;
  /** What a slow call waits for. */
  readonly delay?: () => Promise<void>;
}

const neverFails: ReadonlySet<Operation> = new Set(["close", "exists"]);

export class FaultyDisk implements Disk {
  readonly #inner: Disk;
  readonly #plan: FaultPlan;
  readonly calls: Call[] = [];

  constructor(inner: Disk, plan: FaultPlan) {
    this.#inner = inner;
    this.#plan = plan;
  }

  async open(path: string, mode: "create" | "read" | "write"): Promise<DiskFile> {
    const file = await this.perform("open", path, () => this.#inner.open(path, mode));
    return new FaultyFile(this, file);
  }

  readDirectory(path: string): Promise<readonly string[]> {
    return this.perform("readDirectory", path, () => this.#inner.readDirectory(path));
  }

  makeDirectory(path: string): Promise<void> {
    return this.perform("makeDirectory", path, () => this.#inner.makeDirectory(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.perform("rename", from, () => this.#inner.rename(from, to));
  }

  unlink(path: string): Promise<void> {
    return this.perform("unlink", path, () => this.#inner.unlink(path));
  }

  syncDirectory(path: string): Promise<void> {
    return this.perform("syncDirectory", path, () => this.#inner.syncDirectory(path), () => undefined);
  }

  exists(path: string): Promise<boolean> {
    return this.perform("exists", path, () => this.#inner.exists(path));
  }

  freeBytes(path: string): Promise<number> {
    return this.perform("freeBytes", path, () => this.#inner.freeBytes(path));
  }

  /** @param lie what a lying call does instead */
  async perform<T>(operation: Operation, path: string, act: () => Promise<T>, lie?: () => T, short?: () => Promise<T>): Promise<T> {
    const call = { number: this.calls.length + 1, operation, path };
    this.calls.push(call);
    this.#plan.observe?.(call, "before");
    const fault = neverFails.has(operation) ? undefined : this.#plan.fault?.(call);
    if (fault === "slow") await this.#plan.delay?.();
    if (fault === "lie" && lie !== undefined) return lie();
    if (fault === "short") await short?.();
    if (fault === "EIO" || fault === "ENOSPC" || fault === "short") throw failed(fault, call);
    const result = await act();
    this.#plan.observe?.(call, "after");
    return result;
  }
}

class FaultyFile implements DiskFile {
  readonly path: string;
  readonly #disk: FaultyDisk;
  readonly #inner: DiskFile;

  constructor(disk: FaultyDisk, inner: DiskFile) {
    this.#disk = disk;
    this.#inner = inner;
    this.path = inner.path;
  }

  size(): Promise<number> {
    return this.#disk.perform("size", this.path, () => this.#inner.size());
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.#disk.perform("read", this.path, () => this.#inner.read(offset, length));
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    const half = (): Promise<void> => this.#inner.write(offset, bytes.subarray(0, bytes.length / 2));
    return this.#disk.perform("write", this.path, () => this.#inner.write(offset, bytes), undefined, half);
  }

  /** A lie: written to the cache, reported as durable. */
  writeDurable(offset: number, bytes: Uint8Array): Promise<void> {
    const half = (): Promise<void> => this.#inner.write(offset, bytes.subarray(0, bytes.length / 2));
    return this.#disk.perform("writeDurable", this.path, () => this.#inner.writeDurable(offset, bytes), () => void this.#inner.write(offset, bytes), half);
  }

  sync(): Promise<void> {
    return this.#disk.perform("sync", this.path, () => this.#inner.sync(), () => undefined);
  }

  allocate(size: number): Promise<void> {
    const half = (): Promise<void> => this.#inner.allocate(size / 2);
    return this.#disk.perform("allocate", this.path, () => this.#inner.allocate(size), undefined, half);
  }

  truncate(size: number): Promise<void> {
    return this.#disk.perform("truncate", this.path, () => this.#inner.truncate(size));
  }

  close(): Promise<void> {
    return this.#disk.perform("close", this.path, () => this.#inner.close());
  }
}

function failed(fault: FaultKind, { operation, path, number }: Call): RaftctlError {
  const code: ErrorCode = fault === "ENOSPC" ? "NO_SPACE" : "IO_ERROR";
  return new RaftctlError(code, `cannot ${operation} ${path}: ${fault} at call ${number}`);
}
