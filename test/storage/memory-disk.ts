// A Disk in memory that answers at once, for tests of storage. `crashed` answers a new disk as a machine may find it after losing power, `copy` one as a
// killed process leaves it (file-tree.ts and inode.ts say what that means).

import { RaftctlError } from "../../src/base/errors.ts";
import type { Prng } from "../../src/base/prng.ts";
import type { Disk, DiskFile } from "../../src/storage/disk.ts";
import { FileTree } from "./file-tree.ts";
import { Inode } from "./inode.ts";

export class MemoryDisk implements Disk {
  readonly #tree: FileTree;
  /** Free space for new bytes of files. */
  freeSpace = Number.MAX_SAFE_INTEGER;
  /** Called after every change, while it is not durable yet. */
  onChange: (() => Promise<void>) | undefined;

  constructor(tree = new FileTree()) {
    this.#tree = tree;
  }

  async open(path: string, mode: "create" | "read" | "write"): Promise<DiskFile> {
    const inode = this.#tree.open(path, mode);
    if (mode === "create") await this.onChange?.();
    return new MemoryFile(path, inode, this);
  }

  async readDirectory(path: string): Promise<readonly string[]> {
    return this.#tree.list(path);
  }

  async makeDirectory(path: string): Promise<void> {
    this.#tree.makeDirectory(path);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#tree.rename(from, to);
    await this.onChange?.();
  }

  async unlink(path: string): Promise<void> {
    this.freeSpace += this.#tree.unlink(path).content.length;
    await this.onChange?.();
  }

  async syncDirectory(path: string): Promise<void> {
    this.#tree.syncDirectory(path);
  }

  async exists(path: string): Promise<boolean> {
    return this.#tree.exists(path);
  }

  async freeBytes(_path: string): Promise<number> {
    return this.freeSpace;
  }

  /** What a machine finds after losing power now. This disk itself is not changed. */
  crashed(prng: Prng): MemoryDisk {
    return new MemoryDisk(this.#tree.crashed(prng));
  }

  /** Everything as a killed process leaves it: the page cache survives, and is written back soon. */
  copy(): MemoryDisk {
    const after = new MemoryDisk();
    after.freeSpace = this.freeSpace;
    for (const [path, directory] of this.#tree.directories()) {
      after.#tree.makeDirectory(path);
      for (const [name, inode] of directory.entries) after.#tree.directory(path).plant(name, Inode.of(inode.content));
    }
    return after;
  }

  /** All files with their content, for comparisons. */
  files(): Map<string, Uint8Array> {
    const all = new Map<string, Uint8Array>();
    for (const [path, directory] of this.#tree.directories()) {
      for (const [name, inode] of directory.entries) all.set(`${path === "/" ? "" : path}/${name}`, inode.lend());
    }
    return all;
  }

  /** Puts content under a name, durably, as if it had always been there. */
  plant(path: string, content: Uint8Array): void {
    const { directory, name } = this.#tree.locate(path);
    directory.plant(name, Inode.of(content));
  }
}

class MemoryFile implements DiskFile {
  readonly path: string;
  readonly #inode: Inode;
  readonly #disk: MemoryDisk;

  constructor(path: string, inode: Inode, disk: MemoryDisk) {
    this.path = path;
    this.#inode = inode;
    this.#disk = disk;
  }

  async size(): Promise<number> {
    return this.#inode.content.length;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    return this.#inode.content.slice(offset, offset + length);
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const growth = Math.max(0, offset + bytes.length - this.#inode.content.length);
    if (growth > this.#disk.freeSpace) throw new RaftctlError("NO_SPACE", `cannot write ${this.path}: ENOSPC`);
    this.#disk.freeSpace -= growth;
    this.#inode.write(offset, bytes);
    await this.#disk.onChange?.();
  }

  async writeDurable(offset: number, bytes: Uint8Array): Promise<void> {
    await this.write(offset, bytes);
    await this.sync();
  }

  async sync(): Promise<void> {
    this.#inode.sync();
  }

  async allocate(size: number): Promise<void> {
    const from = this.#inode.content.length;
    if (size > from) await this.write(from, new Uint8Array(size - from));
  }

  async truncate(size: number): Promise<void> {
    this.#inode.truncate(size);
  }

  async close(): Promise<void> {}
}
