// The records as they were at one index, for whoever reads them in several pages while entries are applied. It holds an image of the store, in which the
// database must keep what has since been changed: nobody holds one for long.

import { readRange, type RangePage, type RangeQuery } from "./reader.ts";
import type { RecordCodec } from "./record.ts";
import type { StoreImage } from "./store.ts";

export class RecordView {
  /** Everything up to this entry is applied in it, and nothing behind it. */
  readonly index: number;
  readonly #image: StoreImage;
  readonly #codec: RecordCodec;
  readonly #onClose: (view: RecordView) => void;
  #isOpen = true;

  /** Takes the image over. */
  constructor(image: StoreImage, parts: { readonly index: number; readonly codec: RecordCodec; readonly onClose: (view: RecordView) => void }) {
    this.#image = image;
    this.index = parts.index;
    this.#codec = parts.codec;
    this.#onClose = parts.onClose;
  }

  /** false also when the state has been replaced by another one meanwhile. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** As the machine's. */
  range(query: RangeQuery): RangePage {
    return readRange(this.#image, this.#codec, query);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#image.close();
    this.#onClose(this);
  }
}
