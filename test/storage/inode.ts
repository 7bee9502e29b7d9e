// One file of a disk in memory: what the page cache holds, what is durable, the writes that lie between the two, and the writes that are still under
// way. Knows what a crash may leave: of each write that was not synced any subset of its 512-byte sectors, of one under way the same.
// Disks that a crash or a copy makes share memory with the one they come from until either of them writes.

import type { Prng } from "../../src/base/prng.ts";

const sector = 512;

/** Bytes that are being written. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** In the cache, and not known to be on the medium. A later write over a part of it leaves the rest, in pieces with the same number. */
interface CachedPiece extends Piece {
  /** In the order of arrival. */
  readonly number: number;
  /** A sync has failed on it: no later one makes it durable, and nobody can say whether it is. */
  readonly doubtful: boolean;
}

export class Inode {
  /** Nothing that was ever written to it has been lost or damaged. */
  whole = true;
  #content = new Uint8Array(0);
  #durable: Uint8Array<ArrayBuffer> = this.#content;
  /** Not shared with another file, nor with each other. */
  #ownsContent = false;
  #ownsDurable = false;
  #pending: CachedPiece[] = [];
  readonly #underWay = new Set<Piece>();
  #arrivals = 0;

  static of(content: Uint8Array): Inode {
    const inode = new Inode();
    inode.#content = content.slice();
    inode.#durable = inode.#content;
    return inode;
  }

  /** As read through the page cache. Not to be changed, and not to be kept beyond the next write. */
  get content(): Uint8Array {
    return this.#content;
  }

  /** Not to be changed, and not to be kept beyond the next sync. */
  get durable(): Uint8Array {
    return this.#durable;
  }

  /** What has arrived in the cache so far, for a sync that is issued now. */
  get arrivals(): number {
    return this.#arrivals;
  }

  /** The medium holds all that has been written. */
  get settled(): boolean {
    return this.#pending.length === 0 && this.#underWay.size === 0;
  }

  /** The content, for keeping. */
  lend(): Uint8Array {
    this.#ownsContent = false;
    return this.#content;
  }

  /** A write is under way: it is in no cache yet, but a crash may find it. */
  begin(offset: number, bytes: Uint8Array): Piece {
    const piece = { offset, bytes: bytes.slice() };
    this.#underWay.add(piece);
    return piece;
  }

  /** It is in the page cache now, as far as it came: the first `length` bytes of it. Answers its number. */
  arrive(piece: Piece, length = piece.bytes.length): number {
    this.#underWay.delete(piece);
    this.#arrivals += 1;
    if (length === 0) return this.#arrivals;
    const bytes = length === piece.bytes.length ? piece.bytes : piece.bytes.subarray(0, length);
    const arrived = { offset: piece.offset, bytes, number: this.#arrivals, doubtful: false };
    this.#putContent(arrived);
    this.#pending.push(arrived);
    return this.#arrivals;
  }

  write(offset: number, bytes: Uint8Array): void {
    this.arrive(this.begin(offset, bytes));
  }

  /** What has arrived under this number is durable. */
  settle(number: number): void {
    const [only] = this.#pending;
    if (this.#pending.length !== 1 || only!.number !== number) return this.#settle((piece) => piece.number === number);
    this.#putDurable(only!);
    this.#pending.length = 0;
  }

  /** Everything that had arrived up to this number is durable. */
  sync(upTo = this.#arrivals): void {
    this.#settle((piece) => piece.number <= upTo);
  }

  /** A sync of what had arrived between these numbers failed: the cache calls it clean, the medium may not have it. */
  doubt(from: number, to: number): void {
    this.#pending = this.#pending.map((piece) => (piece.number >= from && piece.number <= to ? { ...piece, doubtful: true } : piece));
  }

  /** The shorter size is durable at once; all that is left counts as written again. */
  truncate(size: number): void {
    this.#content = this.#content.slice(0, size);
    this.#durable = this.#durable.slice(0, size);
    this.#ownsContent = true;
    this.#ownsDurable = true;
    this.#arrivals += 1;
    this.#pending = [{ number: this.#arrivals, offset: 0, bytes: this.#content.slice(), doubtful: false }];
  }

  /** Inverts one bit of what is durable, and of the cache over it. */
  flip(offset: number, bit: number): void {
    const byte = new Uint8Array([this.#durable[offset]! ^ (1 << bit)]);
    this.#putDurable({ offset, bytes: byte });
    if (offset < this.#content.length) this.#putContent({ offset, bytes: byte });
    this.whole = false;
  }

  /** As found after losing power now. */
  crashed(prng: Prng): Inode {
    const after = this.#sharingDurable();
    for (const piece of this.#pending) after.#survive(piece, prng);
    for (const piece of this.#underWay) after.#survive(piece, prng);
    after.#sameBelow();
    after.whole = this.whole && (this.settled || sameBytes(after.#content, this.#content));
    return after;
  }

  /**
   * As found after the process was killed: of a write under way the cache has a part, up to a sector or all of it. The cache is still not durable,
   * and of what a sync has failed on it may have either state.
   */
  killed(prng: Prng): Inode {
    const after = this.#sharingDurable();
    for (const piece of this.#pending) {
      if (piece.doubtful) after.#survive(piece, prng);
    }
    after.#content = after.#durable;
    after.#ownsContent = false;
    after.#ownsDurable = false;
    for (const piece of this.#pending) if (!piece.doubtful) after.arrive(piece);
    for (const piece of this.#underWay) after.arrive(piece, arrivedBytes(piece, prng));
    after.whole = this.whole && this.#pending.every((piece) => !piece.doubtful);
    return after;
  }

  /** What is durable, as a file of its own. */
  durableCopy(): Inode {
    const after = this.#sharingDurable();
    after.#sameBelow();
    after.whole = this.whole && this.settled;
    return after;
  }

  #sharingDurable(): Inode {
    const after = new Inode();
    this.#ownsDurable = false;
    after.#durable = this.#durable;
    return after;
  }

  #sameBelow(): void {
    this.#content = this.#durable;
    this.#ownsContent = false;
    this.#ownsDurable = false;
  }

  #settle(covered: (piece: CachedPiece) => boolean): void {
    const left: CachedPiece[] = [];
    for (const piece of this.#pending) {
      if (piece.doubtful || !covered(piece)) {
        left.push(piece);
        continue;
      }
      this.#putDurable(piece);
      // What is older and still on its way never comes to lie over this.
      for (let place = left.length - 1; place >= 0; place -= 1) left.splice(place, 1, ...without(left[place]!, piece));
    }
    this.#pending = left;
  }

  #survive({ offset, bytes }: Piece, prng: Prng): void {
    const fate = prng.integer(0, 3);
    if (fate === 0) return;
    if (fate === 1) return this.#putDurable({ offset, bytes });
    for (let start = 0; start < bytes.length; start = sectorEnd(offset, start)) {
      if (prng.chance(0.5)) {
        const end = Math.min(sectorEnd(offset, start), bytes.length);
        this.#putDurable({ offset: offset + start, bytes: bytes.subarray(start, end) });
      } else if (fate === 2) {
        // The size may be extended before the data.
        this.#growDurable(offset + bytes.length);
      }
    }
  }

  #putContent({ offset, bytes }: Piece): void {
    const size = Math.max(this.#content.length, offset + bytes.length);
    if (!this.#ownsContent || size > this.#content.length) {
      this.#content = copied(this.#content, size);
      this.#ownsContent = true;
    }
    this.#content.set(bytes, offset);
  }

  #putDurable({ offset, bytes }: Piece): void {
    this.#growDurable(offset + bytes.length);
    this.#durable.set(bytes, offset);
  }

  #growDurable(end: number): void {
    if (this.#ownsDurable && end <= this.#durable.length) return;
    this.#durable = copied(this.#durable, Math.max(end, this.#durable.length));
    this.#ownsDurable = true;
  }
}

/** What of an older piece does not lie under a newer one. */
function without(older: CachedPiece, newer: CachedPiece): CachedPiece[] {
  const end = older.offset + older.bytes.length;
  const newerEnd = newer.offset + newer.bytes.length;
  if (older.number > newer.number || end <= newer.offset || newerEnd <= older.offset) return [older];
  const parts: CachedPiece[] = [];
  if (older.offset < newer.offset) parts.push({ ...older, bytes: older.bytes.subarray(0, newer.offset - older.offset) });
  if (newerEnd < end) parts.push({ ...older, offset: newerEnd, bytes: older.bytes.subarray(newerEnd - older.offset) });
  return parts;
}

function arrivedBytes({ offset, bytes }: Piece, prng: Prng): number {
  const fate = prng.integer(0, 2);
  if (fate === 0) return 0;
  if (fate === 1) return bytes.length;
  let length = 0;
  while (length < bytes.length && prng.chance(0.6)) length = sectorEnd(offset, length);
  return Math.min(length, bytes.length);
}

function copied(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(size);
  copy.set(bytes);
  return copy;
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let place = 0; place < left.length; place += 1) if (left[place] !== right[place]) return false;
  return true;
}

function sectorEnd(offset: number, start: number): number {
  return start + sector - ((offset + start) % sector);
}
