// In which order sessions were used: every command makes one the youngest, and the oldest makes room. Links in the sessions themselves, because a Map that is
// emptied and filled with each command leaves its old tables to the collector.

/** The links are the order's own. */
export interface InOrder {
  older?: this | undefined;
  younger?: this | undefined;
}

export class SessionOrder<Item extends InOrder> {
  #oldest: Item | undefined;
  #youngest: Item | undefined;

  get oldest(): Item | undefined {
    return this.#oldest;
  }

  /** Whether or not it is in the order yet. */
  makeYoungest(item: Item): void {
    if (item === this.#youngest) return;
    this.remove(item);
    item.older = this.#youngest;
    if (this.#youngest === undefined) this.#oldest = item;
    else this.#youngest.younger = item;
    this.#youngest = item;
  }

  /** It may not be in the order. */
  remove(item: Item): void {
    const { older, younger } = item;
    if (older !== undefined) older.younger = younger;
    else if (item === this.#oldest) this.#oldest = younger;
    if (younger !== undefined) younger.older = older;
    else if (item === this.#youngest) this.#youngest = older;
    item.older = undefined;
    item.younger = undefined;
  }
}
