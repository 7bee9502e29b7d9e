// What the host asks of a replicated state machine. It consumes committed entries in the order of their indexes, each exactly once also across
// restarts, gives and takes whole images of its content, and says by a digest whether two nodes agree. It knows no terms but to remember them,
// and nothing of leaders, votes or networks.

import type { StateCheckpoint } from "../wire/peer-protocol.ts";

export const imageChunkBytes = 128 * 1024;

/** Structurally an entry of the log. type: 0 no-op, 1 command, 2 membership. */
export interface AppliedEntry {
  readonly index: number;
  readonly term: number;
  readonly type: number;
  readonly data: Uint8Array;
}

export interface StateMachine {
  /** Index and term of the last entry applied; 0 before the first. */
  readonly lastApplied: number;
  readonly lastAppliedTerm: number;
  /** applyBatch of one (S113). */
  apply(entry: AppliedEntry): Uint8Array | undefined;
  /**
   * Entries that follow each other; those at or below lastApplied are skipped. All take effect and lastApplied moves, or, when it throws, nothing
   * does; then it may be of no use from there on. The results are encoded CommandResults by position; undefined for what is not a command, or was skipped.
   * Throws INCOMPATIBLE for a command of a newer version, CORRUPT for damage in the store, NO_SPACE and IO_ERROR when the store cannot write.
   */
  applyBatch(entries: readonly AppliedEntry[]): (Uint8Array | undefined)[];
  /** What was applied before is applied when this process is started again, whatever ends it. Throws NO_SPACE and IO_ERROR, and is of no use from there on. */
  save(): void;
  /** The content at this moment, for a snapshot; entries may be applied while it is read. Must be closed. Throws BUSY when too many are open. */
  image(): MachineImage;
  /**
   * Replaces everything by an image, whose position it must be. When it rejects (CORRUPT for anything but an undamaged image) or the process dies,
   * the old content stands; nothing may be applied in the meantime.
   */
  restore(position: ImagePosition, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** The log has no entry below this index any more, so nobody asks what it changed. */
  forgetEffectsBelow(index: number): void;
  /** Equal on every node at equal lastApplied. */
  digest(): string;
  /** The digest at the latest checkpoint indexes, ascending. Another array whenever one was passed. */
  readonly checkpoints: readonly StateCheckpoint[];
}

export interface ImagePosition {
  readonly index: number;
  readonly term: number;
}

export interface MachineImage extends ImagePosition {
  /** As the machine's own at that position. */
  readonly digest: string;
  /** Keys that exist. */
  readonly records: number;
  /** Of all data, as the quota counts them; the image has a few more. */
  readonly bytes: number;
  /**
   * Equal content gives equal bytes. Chunks have at most `imageChunkBytes`; may be called again from the start.
   * @param into memory of `imageChunkBytes` into which every chunk is filled, so that each is valid until the next; absent: each has its own
   */
  chunks(into?: Uint8Array): Iterable<Uint8Array>;
  close(): void;
}

/** One applied batch, told once, after it has taken effect (S116). */
export interface AppliedBatch {
  readonly first: number;
  readonly last: number;
  /** The entries from `first` to `last`; before them there may be some that were skipped. */
  readonly entries: readonly AppliedEntry[];
  /** That were deleted because their leases ended: the entries do not name them. */
  readonly keysEnded: readonly Uint8Array[];
}
