// A map whose keys come in ascending order and leave in about the same: what waits for numbered answers. A Map would do, if what comes and goes all the time
// did not make it build its table anew again and again; V8 links each abandoned table to the next one, so that all of them, and everything that ever stood in
// them, outlive the collections of the young generation.

import { assert } from "./assert.ts";

/** So many empty places in front are given back when they are half of all. */
const emptyPlacesMin = 1024;

export class AscendingMap<Value> {
  #keys: number[] = [];
  /** undefined: taken out. */
  #values: (Value | undefined)[] = [];
  /** The first place that is not empty, or the end. */
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** -Infinity when it is empty. */
  get highest(): number {
    return this.#size === 0 ? Number.NEGATIVE_INFINITY : this.#keys[this.#keys.length - 1]!;
  }

  /** @param key above all that are in it */
  add(key: number, value: Value): void {
    assert(key > this.highest, "keys ascend");
    this.#keys.push(key);
    this.#values.push(value);
    this.#size += 1;
  }

  get(key: number): Value | undefined {
    const place = this.#placeOf(key);
    return this.#keys[place] === key ? this.#values[place] : undefined;
  }

  /** @returns what was there */
  take(key: number): Value | undefined {
    const place = this.#placeOf(key);
    const value = this.#keys[place] === key ? this.#values[place] : undefined;
    if (value === undefined) return undefined;
    this.#values[place] = undefined;
    this.#size -= 1;
    if (place === this.#head || place === this.#values.length - 1) this.#skipEmpty();
    return value;
  }

  /** In ascending order, from this key on. Whatever is taken out meanwhile is left out; what is added is not looked for. Keys are integers. */
  *values(from = Number.NEGATIVE_INFINITY): Generator<Value> {
    const last = this.#keys[this.#keys.length - 1];
    if (last === undefined) return;
    for (let key = from; ;) {
      const place = this.#placeOf(key);
      const found = this.#keys[place];
      if (found === undefined || found > last) return;
      const value = this.#values[place];
      if (value !== undefined) yield value;
      key = found + 1;
    }
  }

  clear(): void {
    this.#keys = [];
    this.#values = [];
    this.#head = 0;
    this.#size = 0;
  }

  /** The first place with this key or a later one. Almost always it is asked for the first of all. */
  #placeOf(key: number): number {
    const keys = this.#keys;
    let low = this.#head;
    if (low === keys.length || keys[low]! >= key) return low;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #skipEmpty(): void {
    const values = this.#values;
    while (this.#head < values.length && values[this.#head] === undefined) this.#head += 1;
    while (values.length > this.#head && values[values.length - 1] === undefined) this.#dropLast();
    if (this.#head < emptyPlacesMin || this.#head * 2 < values.length) return;
    this.#keys = this.#keys.slice(this.#head);
    this.#values = values.slice(this.#head);
    this.#head = 0;
  }

  #dropLast(): void {
    this.#keys.pop();
    this.#values.pop();
  }
}
