// A file system in memory that knows what a crash may do. Every file has the image that is durable and the writes that came later; every directory
// has the names that are durable and the changes that came later. `crashed` answers a new disk as a machine may find it after losing power:
// of each unsynced write any subset of its 512-byte sectors is there, of each unsynced name change any subset, in any combination.

import type { Prng } from "../../src/base/prng.ts";
import { RaftctlError } from "../../src/base/errors.ts";
import type { Disk, DiskFile } from "../../src/storage/disk.ts";

const sector = 512;

interface PendingWrite {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

class Inode {
  content = new Uint8Array(0);
  durable = new Uint8Array(0);
  pending: PendingWrite[] = [];

  write(offset: number, bytes: Uint8Array): void {
    const copy = bytes.slice();
    // Copied on the first write: disks after a crash share what no write had touched.
    if (this.content === this.durable) this.content = this.content.slice();
    this.content = grown(this.content, offset + copy.length);
    this.content.set(copy, offset);
    this.pending.push({ offset, bytes: copy });
  }

  sync(): void {
    this.durable = this.content;
    this.pending = [];
  }

  crashed(prng: Prng): Inode {
    const after = new Inode();
    after.durable = this.pending.length === 0 ? this.durable : this.durable.slice();
    for (const { offset, bytes } of this.pending) {
      const fate = prng.integer(0, 3);
      if (fate === 0) continue;
      for (let start = 0; start < bytes.length; start = sectorEnd(offset, start)) {
        if (fate === 1 || prng.chance(0.5)) {
          const end = Math.min(sectorEnd(offset, start), bytes.length);
          after.durable = grown(after.durable, offset + end);
          after.durable.set(bytes.subarray(start, end), offset + start);
          continue;
        }
        // The size may be extended before the data.
        if (fate === 2) after.durable = grown(after.durable, offset + bytes.length);
      }
    }
    after.content = after.durable;
    return after;
  }
}

type Change =
  | { readonly kind: "link"; readonly name: string; readonly inode: Inode }
  | { readonly kind: "unlink"; readonly name: string }
  | { readonly kind: "rename"; readonly from: string; readonly to: string; readonly inode: Inode };

class Directory {
  readonly entries = new Map<string, Inode>();
  durable = new Map<string, Inode>();
  pending: Change[] = [];

  change(change: Change): void {
    applyChange(this.entries, change);
    this.pending.push(change);
  }

  sync(): void {
    this.durable = new Map(this.entries);
    this.pending = [];
  }
}

export class MemoryDisk implements Disk {
  readonly #directories = new Map<string, Directory>([["/", new Directory()]]);
  /** Free space for new bytes of files. */
  freeSpace = Number.MAX_SAFE_INTEGER;
  /** Called after every change, while it is not durable yet. */
  onChange: (() => Promise<void>) | undefined;

  async open(path: string, mode: "create" | "read" | "write"): Promise<DiskFile> {
    const { directory, name } = this.#locate(path);
    const present = directory.entries.get(name);
    if (mode === "create") {
      if (present !== undefined) throw new RaftctlError("IO_ERROR", `cannot open ${path}: EEXIST`);
      const inode = new Inode();
      directory.change({ kind: "link", name, inode });
      await this.onChange?.();
      return new MemoryFile(path, inode, this);
    }
    if (present === undefined) throw new RaftctlError("NOT_FOUND", `cannot open ${path}: ENOENT`);
    return new MemoryFile(path, present, this);
  }

  async readDirectory(path: string): Promise<readonly string[]> {
    const directory = this.#directory(path);
    const prefix = path === "/" ? "/" : `${path}/`;
    const children = [...this.#directories.keys()].filter((other) => other !== "/" && other.startsWith(prefix) && !other.slice(prefix.length).includes("/"));
    return [...directory.entries.keys(), ...children.map((child) => child.slice(prefix.length))].toSorted();
  }

  async makeDirectory(path: string): Promise<void> {
    let made = "";
    for (const part of path.split("/").slice(1)) {
      made = `${made}/${part}`;
      if (!this.#directories.has(made)) this.#directories.set(made, new Directory());
    }
  }

  async rename(from: string, to: string): Promise<void> {
    const source = this.#locate(from);
    const target = this.#locate(to);
    if (source.directory !== target.directory) throw new RaftctlError("IO_ERROR", `cannot rename ${from}: this disk renames within a directory`);
    const inode = source.directory.entries.get(source.name);
    if (inode === undefined) throw new RaftctlError("NOT_FOUND", `cannot rename ${from}: ENOENT`);
    source.directory.change({ kind: "rename", from: source.name, to: target.name, inode });
    await this.onChange?.();
  }

  async unlink(path: string): Promise<void> {
    const { directory, name } = this.#locate(path);
    const inode = directory.entries.get(name);
    if (inode === undefined) throw new RaftctlError("NOT_FOUND", `cannot remove ${path}: ENOENT`);
    this.freeSpace += inode.content.length;
    directory.change({ kind: "unlink", name });
    await this.onChange?.();
  }

  async syncDirectory(path: string): Promise<void> {
    this.#directory(path).sync();
  }

  async exists(path: string): Promise<boolean> {
    if (this.#directories.has(path)) return true;
    const parent = this.#directories.get(parentOf(path));
    return parent !== undefined && parent.entries.has(path.slice(path.lastIndexOf("/") + 1));
  }

  async freeBytes(_path: string): Promise<number> {
    return this.freeSpace;
  }

  /** What a machine finds after losing power now. This disk itself is not changed. */
  crashed(prng: Prng): MemoryDisk {
    const after = new MemoryDisk();
    const survivors = new Map<Inode, Inode>();
    const survivor = (inode: Inode): Inode => {
      const known = survivors.get(inode) ?? inode.crashed(prng);
      survivors.set(inode, known);
      return known;
    };
    for (const [path, directory] of this.#directories) {
      const names = new Map(directory.durable);
      for (const change of directory.pending) if (prng.chance(0.5)) applyChange(names, change);
      const copy = new Directory();
      for (const [name, inode] of names) copy.entries.set(name, survivor(inode));
      copy.sync();
      after.#directories.set(path, copy);
    }
    return after;
  }

  /** Everything as a killed process leaves it: the page cache survives. */
  copy(): MemoryDisk {
    const after = new MemoryDisk();
    after.freeSpace = this.freeSpace;
    for (const [path, directory] of this.#directories) {
      const copy = new Directory();
      for (const [name, inode] of directory.entries) {
        const twin = new Inode();
        twin.content = inode.content.slice();
        twin.durable = twin.content.slice();
        copy.entries.set(name, twin);
      }
      copy.sync();
      after.#directories.set(path, copy);
    }
    return after;
  }

  /** All files with their content, for comparisons. */
  files(): Map<string, Uint8Array> {
    const all = new Map<string, Uint8Array>();
    for (const [path, directory] of this.#directories) {
      for (const [name, inode] of directory.entries) all.set(`${path === "/" ? "" : path}/${name}`, inode.content);
    }
    return all;
  }

  /** Puts content under a name, durably, as if it had always been there. */
  plant(path: string, content: Uint8Array): void {
    const { directory, name } = this.#locate(path);
    const inode = new Inode();
    inode.content = content.slice();
    inode.sync();
    directory.entries.set(name, inode);
    directory.durable.set(name, inode);
  }

  #directory(path: string): Directory {
    const directory = this.#directories.get(path);
    if (directory === undefined) throw new RaftctlError("NOT_FOUND", `cannot read the directory ${path}: ENOENT`);
    return directory;
  }

  #locate(path: string): { directory: Directory; name: string } {
    return { directory: this.#directory(parentOf(path)), name: path.slice(path.lastIndexOf("/") + 1) };
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
    this.#inode.content = this.#inode.content.slice(0, size);
    this.#inode.pending = [{ offset: 0, bytes: this.#inode.content.slice() }];
    this.#inode.durable = this.#inode.durable.slice(0, size);
  }

  async close(): Promise<void> {}
}

function applyChange(names: Map<string, Inode>, change: Change): void {
  if (change.kind === "link") names.set(change.name, change.inode);
  else if (change.kind === "unlink") names.delete(change.name);
  else {
    if (names.get(change.from) === change.inode) names.delete(change.from);
    names.set(change.to, change.inode);
  }
}

function grown(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  if (bytes.length >= size) return bytes;
  const larger = new Uint8Array(size);
  larger.set(bytes);
  return larger;
}

function sectorEnd(offset: number, start: number): number {
  return start + sector - ((offset + start) % sector);
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
