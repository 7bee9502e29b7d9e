// Fills a unique index from the state, a page per turn of the loop, while entries are being applied. Both set a key to what the state has for it at that
// moment, so in the end every key stands as it was after its last change, in whatever order it was visited.

import type { Clock } from "../../base/clock.ts";
import { toRaftctlError } from "../../base/errors.ts";
import type { RangePage, RangeQuery } from "../reader.ts";
import { keyText, prefixEnd } from "./key-text.ts";
import type { UniqueIndex } from "./unique-index.ts";

/** Bounds the time that a page takes. */
const recordsPerPage = 256;

export class IndexBuild {
  readonly #index: UniqueIndex;
  readonly #read: (query: RangeQuery) => RangePage;
  readonly #clock: Pick<Clock, "nextTurn">;
  readonly #onFailure: (error: Error) => void;
  #isStopped = false;

  constructor(index: UniqueIndex, parts: { readonly read: (query: RangeQuery) => RangePage; readonly clock: Pick<Clock, "nextTurn">; readonly onFailure: (error: Error) => void }) {
    this.#index = index;
    this.#read = parts.read;
    this.#clock = parts.clock;
    this.#onFailure = parts.onFailure;
    this.#goOn(index.prefix);
  }

  stop(): void {
    this.#isStopped = true;
  }

  #goOn(start: Uint8Array): void {
    this.#clock.nextTurn(() => {
      if (this.#isStopped) return;
      try {
        this.#page(start);
      } catch (thrown) {
        this.#onFailure(toRaftctlError(thrown));
      }
    });
  }

  #page(start: Uint8Array): void {
    const { records, more } = this.#read({ start, end: prefixEnd(this.#index.prefix), limit: recordsPerPage, keysOnly: false, countOnly: false });
    for (const { key, value } of records) this.#index.set(keyText(key), this.#index.tokenOf(value));
    if (more) this.#goOn(keyAfter(records.at(-1)!.key));
    else this.#index.isComplete = true;
  }
}

/** The first possible one. */
export function keyAfter(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
