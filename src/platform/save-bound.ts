// How much LMDB gathers before it is saved. A save writes every page that was touched, once, while nothing else runs: the more gathers, the fewer pages there
// are for each write, and the longer a save takes. How many pages that are depends on how far apart the keys lie, which only the last save tells.

/** For which a save may hold up the node, ms. */
export const saveMsAimed = 6;
/** Puts and deletes. No fewer gather, however slow the disk is: what one save costs whatever it holds must be shared. */
export const unsavedWritesMin = 1024;
/** What a process that is killed has to apply again. */
export const unsavedWritesMax = 8192;
export const unsavedBytesMax = 4 * 1024 * 1024;

export class SaveBound {
  #writesMax = unsavedWritesMin;

  isReached(writes: number, bytes: number): boolean {
    return writes >= this.#writesMax || bytes >= unsavedBytesMax;
  }

  /** So many writes were saved in so many ms. */
  learn(writes: number, tookMs: number): void {
    // Of few writes most of the time is what every save costs.
    if (writes < unsavedWritesMin) return;
    const affordable = Math.round((writes * saveMsAimed) / tookMs);
    this.#writesMax = Math.min(unsavedWritesMax, Math.max(unsavedWritesMin, affordable));
  }
}
