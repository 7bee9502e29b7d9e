// A first-in-first-out queue with a bound that has a name. Full is an answer (`push` returns false, the caller says BUSY), never growth.

import { assert } from "./assert.ts";

export class BoundedQueue<T> {
  readonly name: string;
  readonly lengthMax: number;
  #items: T[] = [];
  #head = 0;

  constructor(name: string, lengthMax: number) {
    assert(lengthMax > 0, "a queue holds at least one item");
    this.name = name;
    this.lengthMax = lengthMax;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): boolean {
    if (this.length >= this.lengthMax) return false;
    this.#items.push(item);
    return true;
  }

  shift(): T | undefined {
    if (this.#head >= this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined as T;
    this.#head += 1;
    if (this.#head === this.#items.length) this.#reset();
    else if (this.#head > 1024 && this.#head * 2 > this.#items.length) this.#compact();
    return item;
  }

  /** Everything that waits, oldest first; the queue is empty afterwards. */
  drain(): T[] {
    const items = this.#head === 0 ? this.#items : this.#items.slice(this.#head);
    this.#reset();
    return items;
  }

  #reset(): void {
    this.#items = [];
    this.#head = 0;
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
