// Who waits for which keys: those who wait for one key are found by it, however many they are; those who wait for a range are looked at one by one.

import { compareBytes } from "../../base/bytes.ts";
import type { Effect } from "../../machine/effect-row.ts";
import { isWanted, type WatchQuery } from "./event-source.ts";

export interface WaitingWatcher {
  readonly query: WatchQuery;
  /** Everything below it has been looked at for him. */
  readonly position: number;
}

export class WaitingWatchers<W extends WaitingWatcher> {
  readonly #byKey = new Map<string, Set<W>>();
  readonly #ranges = new Set<W>();
  #count = 0;

  get size(): number {
    return this.#count;
  }

  add(watcher: W): void {
    this.#count += 1;
    const key = singleKey(watcher.query);
    if (key === undefined) {
      this.#ranges.add(watcher);
      return;
    }
    const known = this.#byKey.get(key);
    if (known === undefined) this.#byKey.set(key, new Set([watcher]));
    else known.add(watcher);
  }

  delete(watcher: W): void {
    const key = singleKey(watcher.query);
    const known = key === undefined ? this.#ranges : this.#byKey.get(key);
    if (known?.delete(watcher) !== true) return;
    this.#count -= 1;
    if (key !== undefined && known.size === 0) this.#byKey.delete(key);
  }

  *all(): Iterable<W> {
    yield* this.#ranges;
    for (const watchers of this.#byKey.values()) yield* watchers;
  }

  /** Who has not come as far as this index. */
  *before(index: number): Iterable<W> {
    for (const watcher of this.all()) if (watcher.position < index) yield watcher;
  }

  /** Who waits for what this entry changed. */
  *waitingFor(index: number, effects: readonly Effect[]): Iterable<W> {
    for (const watcher of this.#ranges) if (watcher.position <= index && effects.some((effect) => isWanted(watcher.query, effect))) yield watcher;
    if (this.#byKey.size === 0) return;
    for (const effect of effects) {
      for (const watcher of this.#byKey.get(keyText(effect.key)) ?? []) if (watcher.position <= index && isWanted(watcher.query, effect)) yield watcher;
    }
  }
}

/** undefined for a range of more than one key. */
function singleKey({ start, end }: WatchQuery): string | undefined {
  if (start === undefined || end === undefined || end.length !== start.length + 1 || end.at(-1) !== 0) return undefined;
  return compareBytes(start, end.subarray(0, -1)) === 0 ? keyText(start) : undefined;
}

/** A character for each byte. */
function keyText(key: Uint8Array): string {
  return String.fromCharCode(...key);
}
