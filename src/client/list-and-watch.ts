// What there is, and then everything that comes: the way to hold a copy of a part of the data. A list of several pages is made of reads of different moments,
// so it is brought to the moment of the last one by the changes in between, each page by what came after it: then it is the state at one index, and the watch
// goes on behind that.

import { compareBytes } from "../base/bytes.ts";
import type { KeyValueRecord } from "../wire/client-protocol.ts";
import type { WatchEvent } from "../wire/watch-events.ts";
import { Watch, type WatchContext, watchedRange, type WatchOptions, type WatchSelection } from "./watch.ts";

export interface ListedWatch {
  /** By ascending key, as they were after the entry at `index`. */
  readonly records: readonly KeyValueRecord[];
  readonly index: number;
  /** Of everything behind `index`. */
  readonly watch: Watch;
}

interface Page {
  /** The last key that it covers; undefined: it goes to the end. */
  readonly last: Uint8Array | undefined;
  readonly index: number;
}

export async function listAndWatch(context: WatchContext, selection: WatchSelection, options: Omit<WatchOptions, "fromIndex">): Promise<ListedWatch> {
  const records = new Map<string, KeyValueRecord>();
  const pages: Page[] = [];
  for await (const page of context.kv.pages({ ...watchedRange(selection), keysOnly: options.keysOnly ?? false }, { signal: options.signal })) {
    for (const record of page.records) records.set(hex(record.key), record);
    pages.push({ last: page.more ? page.records.at(-1)?.key : undefined, index: page.index });
  }
  const first = Math.min(...pages.map((page) => page.index));
  const index = Math.max(...pages.map((page) => page.index));
  if (first < index) await follow(records, pages, { context, selection, options, first, index });
  const listed = [...records.values()].toSorted((left, right) => compareBytes(left.key, right.key));
  return { records: listed, index, watch: new Watch(context, selection, { ...options, fromIndex: index + 1 }) };
}

interface Following {
  readonly context: WatchContext;
  readonly selection: WatchSelection;
  readonly options: WatchOptions;
  readonly first: number;
  readonly index: number;
}

/** Takes in what changed behind each page, up to the index of the newest one. */
async function follow(records: Map<string, KeyValueRecord>, pages: readonly Page[], { context, selection, options, first, index }: Following): Promise<void> {
  const { keysOnly, signal } = options;
  const between = new Watch(context, selection, { fromIndex: first + 1, progressMs: context.timeoutMs, keysOnly, signal });
  for await (const { events, nextIndex } of between.batches()) {
    for (const event of events) if (event.index <= index && event.index > pageOf(pages, event.key).index) take(records, event);
    if (nextIndex > index) return;
  }
}

function pageOf(pages: readonly Page[], key: Uint8Array): Page {
  return pages.find(({ last }) => last === undefined || compareBytes(key, last) <= 0)!;
}

function take(records: Map<string, KeyValueRecord>, { index, kind, key, value, version, createIndex }: WatchEvent): void {
  if (kind === "delete") records.delete(hex(key));
  else records.set(hex(key), { key, value, version, createIndex, modIndex: index });
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}
