// Memory for many byte arrays that live about equally long: cut from larger pieces, because one of its own costs an allocation outside of the heap, its release,
// and the collector's attention to both. A piece is given back when nothing that was cut from it is held any more: so a slab is for one sequence of things
// that come and go in order, as the entries of one log do.
//
// In front of each array there is room for a header. What is taken one after the other lies one behind the other, with that room between: whoever puts the
// headers there has made one run of all of them without copying any.

/** Each piece is twice as large as the one before. */
const [pieceBytesFirst, pieceBytesMax] = [64 * 1024, 2 * 1024 * 1024];
/** What is larger gets memory of its own. */
const cutBytesMax = pieceBytesMax / 8;

/** Of each piece, the bytes in front of each array. */
const headrooms = new WeakMap<ArrayBufferLike, number>();

export class Slab {
  readonly #headroom: number;
  #piece: Uint8Array = new Uint8Array(0);
  #used = 0;
  #nextPieceBytes = pieceBytesFirst;

  constructor(headroom: number) {
    this.#headroom = headroom;
  }

  /** All zero, and nobody else's; as is the room in front of it. */
  take(length: number): Uint8Array {
    const needed = this.#headroom + length;
    if (needed > cutBytesMax) return this.#newPiece(needed).subarray(this.#headroom);
    if (this.#used + needed > this.#piece.length) this.#beginPiece(needed);
    const start = this.#used + this.#headroom;
    this.#used += needed;
    return this.#piece.subarray(start, this.#used);
  }

  #beginPiece(bytesMin: number): void {
    this.#piece = this.#newPiece(Math.max(bytesMin, this.#nextPieceBytes));
    this.#used = 0;
    this.#nextPieceBytes = Math.min(pieceBytesMax, this.#nextPieceBytes * 2);
  }

  #newPiece(length: number): Uint8Array {
    const piece = new Uint8Array(length);
    headrooms.set(piece.buffer, this.#headroom);
    return piece;
  }
}

/** How many bytes in front of this array are its own. @param taken exactly as a slab gave it, or from anywhere else, which has none */
export function headroomOf(taken: Uint8Array): number {
  return headrooms.get(taken.buffer) ?? 0;
}
