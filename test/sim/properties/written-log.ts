// Which entries ever stood in the log of one node, in any of its boots, and in which order they came to stand at an index. What a process finds on its
// disk when it starts can only be one of these, and never an older one than what was durable.

export class WrittenLog {
  /** By index: the terms that stood there, oldest first. */
  readonly #terms = new Map<number, number[]>();
  #first = 1;

  wrote(index: number, term: number): void {
    const terms = this.#terms.get(index);
    if (terms === undefined) this.#terms.set(index, [term]);
    else if (terms.at(-1) !== term) terms.push(term);
  }

  has(index: number, term: number): boolean {
    return this.#terms.get(index)?.includes(term) ?? false;
  }

  /** Whether `term` may have come to stand at `index` after `other` did. */
  mayFollow(index: number, term: number, other: number): boolean {
    const terms = this.#terms.get(index);
    return terms === undefined || terms.lastIndexOf(term) > terms.indexOf(other);
  }

  /** Nothing is asked any more about what a durable snapshot holds. */
  forgetUpTo(index: number): void {
    for (; this.#first <= index; this.#first += 1) this.#terms.delete(this.#first);
  }
}
