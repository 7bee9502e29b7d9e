// Directories and files of a disk in memory, synchronous and without any timing. Every directory has the names that are durable and the changes that came
// later. A loss of power keeps any subset of those, in any combination; directories themselves are durable when they are made, and renamed in order, each
// whole: a loss of power undoes the last ones. `inode.ts` says what becomes of the content.

import { RaftctlError } from "../../src/base/errors.ts";
import type { Prng } from "../../src/base/prng.ts";
import { Inode } from "./inode.ts";

type Change =
  | { readonly kind: "link"; readonly name: string; readonly inode: Inode }
  | { readonly kind: "unlink"; readonly name: string }
  | { readonly kind: "rename"; readonly from: string; readonly to: string; readonly inode: Inode };

export class Directory {
  readonly entries = new Map<string, Inode>();
  readonly durable = new Map<string, Inode>();
  #pending: Change[] = [];
  #changes = 0;

  /** How many there ever were. */
  get changes(): number {
    return this.#changes;
  }

  change(change: Change): void {
    applyChange(this.entries, change);
    this.#pending.push(change);
    this.#changes += 1;
  }

  /** Makes the changes durable, up to and including the one with this number. */
  sync(upTo = this.#changes): void {
    const count = Math.max(0, upTo - (this.#changes - this.#pending.length));
    for (const change of this.#pending.splice(0, count)) applyChange(this.durable, change);
  }

  /** The names that a loss of power cannot take away, with the files that they may stand for afterwards, the durable one first. */
  *lasting(): Generator<[string, readonly Inode[]]> {
    for (const [name, inode] of this.durable) {
      const shown = this.entries.get(name);
      if (shown !== undefined) yield [name, shown === inode ? [inode] : [inode, shown]];
    }
  }

  /** Names after losing power now. */
  crashed(prng: Prng): Map<string, Inode> {
    const names = new Map(this.durable);
    for (const change of this.#pending) if (prng.chance(0.5)) applyChange(names, change);
    return names;
  }

  /** A directory that holds what this one shows, each file by its successor; what is not durable here is not there. */
  killed(successor: (inode: Inode) => Inode): Directory {
    const after = new Directory();
    for (const [name, inode] of this.entries) after.entries.set(name, successor(inode));
    for (const [name, inode] of this.durable) after.durable.set(name, successor(inode));
    for (const change of this.#pending) after.#pending.push("inode" in change ? { ...change, inode: successor(change.inode) } : change);
    after.#changes = this.#changes;
    return after;
  }

  static of(names: Iterable<[string, Inode]>): Directory {
    const directory = new Directory();
    for (const [name, inode] of names) directory.plant(name, inode);
    return directory;
  }

  /** Durably, as if it had always been there. */
  plant(name: string, inode: Inode): void {
    this.entries.set(name, inode);
    this.durable.set(name, inode);
  }
}

export class FileTree {
  readonly #directories = new Map<string, Directory>([["/", new Directory()]]);
  /** Of directories, not durable yet. */
  #moves: { readonly from: string; readonly to: string }[] = [];

  directories(): Iterable<[string, Directory]> {
    return this.#directories;
  }

  open(path: string, mode: "create" | "read" | "write"): Inode {
    const { directory, name } = this.locate(path);
    const present = directory.entries.get(name);
    if (mode === "create") {
      if (present !== undefined) throw new RaftctlError("IO_ERROR", `cannot open ${path}: EEXIST`);
      const inode = new Inode();
      directory.change({ kind: "link", name, inode });
      return inode;
    }
    if (present === undefined) throw new RaftctlError("NOT_FOUND", `cannot open ${path}: ENOENT`);
    return present;
  }

  list(path: string): string[] {
    const names = [...this.directory(path).entries.keys()];
    const prefix = path === "/" ? "/" : `${path}/`;
    for (const other of this.#directories.keys()) {
      if (other !== "/" && other.startsWith(prefix) && !other.includes("/", prefix.length)) names.push(other.slice(prefix.length));
    }
    return names.toSorted();
  }

  makeDirectory(path: string): void {
    let made = "";
    for (const part of path.split("/").slice(1)) {
      made = `${made}/${part}`;
      if (!this.#directories.has(made)) this.#directories.set(made, new Directory());
    }
  }

  /** Answers the file that was replaced. */
  rename(from: string, to: string): Inode | undefined {
    if (this.#directories.has(from)) {
      this.#move(from, to);
      this.#moves.push({ from, to });
      return undefined;
    }
    const source = this.locate(from);
    const target = this.locate(to);
    if (source.directory !== target.directory) throw new RaftctlError("IO_ERROR", `cannot rename ${from}: this disk renames within a directory`);
    const inode = source.directory.entries.get(source.name);
    if (inode === undefined) throw new RaftctlError("NOT_FOUND", `cannot rename ${from}: ENOENT`);
    const replaced = source.directory.entries.get(target.name);
    source.directory.change({ kind: "rename", from: source.name, to: target.name, inode });
    return replaced;
  }

  #move(from: string, to: string): void {
    if (this.exists(to)) throw new RaftctlError("IO_ERROR", `cannot rename ${from}: ${to} is there`);
    for (const [path, directory] of [...this.#directories]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.#directories.delete(path);
      this.#directories.set(`${to}${path.slice(from.length)}`, directory);
    }
  }

  syncDirectory(path: string): void {
    this.directory(path).sync();
    const last = this.#moves.findLastIndex(({ from, to }) => parentOf(from) === path || parentOf(to) === path);
    this.#moves.splice(0, last + 1);
  }

  /** Answers the file that has lost its name. */
  unlink(path: string): Inode {
    const { directory, name } = this.locate(path);
    const inode = directory.entries.get(name);
    if (inode === undefined) throw new RaftctlError("NOT_FOUND", `cannot remove ${path}: ENOENT`);
    directory.change({ kind: "unlink", name });
    return inode;
  }

  exists(path: string): boolean {
    if (this.#directories.has(path)) return true;
    return this.#directories.get(parentOf(path))?.entries.has(nameOf(path)) ?? false;
  }

  directory(path: string): Directory {
    const directory = this.#directories.get(path);
    if (directory === undefined) throw new RaftctlError("NOT_FOUND", `cannot read the directory ${path}: ENOENT`);
    return directory;
  }

  locate(path: string): { directory: Directory; name: string } {
    return { directory: this.directory(parentOf(path)), name: nameOf(path) };
  }

  /** Of all files that have a name. */
  get bytes(): number {
    let sum = 0;
    for (const directory of this.#directories.values()) for (const inode of directory.entries.values()) sum += inode.content.length;
    return sum;
  }

  /** What a machine finds after losing power now. This tree itself is not changed. */
  crashed(prng: Prng): FileTree {
    const successor = once((inode) => inode.crashed(prng));
    const after = this.#mapped((directory) => Directory.of(mapValues(directory.crashed(prng), successor)));
    if (this.#moves.length > 0) after.#undo(this.#moves.slice(prng.integer(0, this.#moves.length)));
    return after;
  }

  /** What the next process finds after this one was killed now: the page cache survives, and is as little durable as before. */
  killed(prng: Prng): FileTree {
    const successor = once((inode) => inode.killed(prng));
    const after = this.#mapped((directory) => directory.killed(successor));
    after.#moves = [...this.#moves];
    return after;
  }

  /** What is durable now. */
  durableCopy(): FileTree {
    const successor = once((inode) => inode.durableCopy());
    const after = this.#mapped((directory) => Directory.of(mapValues(directory.durable, successor)));
    after.#undo(this.#moves);
    return after;
  }

  #undo(moves: readonly { readonly from: string; readonly to: string }[]): void {
    for (const { from, to } of moves.toReversed()) this.#move(to, from);
  }

  /** Everything that was written reaches the medium. */
  sync(): void {
    this.#moves = [];
    for (const directory of this.#directories.values()) {
      directory.sync();
      for (const inode of directory.entries.values()) inode.sync();
    }
  }

  #mapped(map: (directory: Directory) => Directory): FileTree {
    const after = new FileTree();
    for (const [path, directory] of this.#directories) after.#directories.set(path, map(directory));
    return after;
  }
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The same answer for the same file, which may have several names. */
function once(make: (inode: Inode) => Inode): (inode: Inode) => Inode {
  const made = new Map<Inode, Inode>();
  return (inode) => {
    const known = made.get(inode) ?? make(inode);
    made.set(inode, known);
    return known;
  };
}

function* mapValues(names: Map<string, Inode>, map: (inode: Inode) => Inode): Generator<[string, Inode]> {
  for (const [name, inode] of names) yield [name, map(inode)];
}

function applyChange(names: Map<string, Inode>, change: Change): void {
  if (change.kind === "link") names.set(change.name, change.inode);
  else if (change.kind === "unlink") names.delete(change.name);
  else {
    if (names.get(change.from) === change.inode) names.delete(change.from);
    names.set(change.to, change.inode);
  }
}
