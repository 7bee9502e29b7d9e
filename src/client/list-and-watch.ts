// What there is, and then everything that comes: the way to hold a copy of a part of the data. The list is the state at one index, also when it takes several
// answers, and the watch goes on behind that index.

import type { ReadResponse } from "../wire/client-protocol.ts";
import { Watch, type WatchContext, watchedRange, type WatchOptions, type WatchSelection } from "./watch.ts";

/** All records, by ascending key, as they were after the entry at `index`. */
export interface ListedWatch extends ReadResponse {
  /** Of everything behind `index`. */
  readonly watch: Watch;
}

export async function listAndWatch(context: WatchContext, selection: WatchSelection, options: Omit<WatchOptions, "fromIndex">): Promise<ListedWatch> {
  const { keysOnly = false, signal } = options;
  const listed = await context.kv.list({ ...watchedRange(selection), keysOnly }, { signal });
  return { ...listed, watch: new Watch(context, selection, { ...options, fromIndex: listed.index + 1 }) };
}
