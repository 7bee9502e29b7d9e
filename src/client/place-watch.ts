// The place of who holds a lock, watched for as long as it is held: a key that somebody has deleted by hand, or whose lease was revoked, is noticed at once, not
// with the next keep-alive. Whether the holder is still there at all, the lease says.

import { setTimeout as sleep } from "node:timers/promises";
import type { KeyValue } from "./kv.ts";
import type { Watch, WatchOptions, WatchSelection } from "./watch.ts";

export interface PlaceSource {
  readonly kv: KeyValue;
  watch(selection: WatchSelection, options: WatchOptions): Watch;
}

export interface SeenPlace {
  readonly key: string;
  /** Its createIndex: another key of this name is not this place. */
  readonly token: number;
  /** It was there after the entry at this index. */
  readonly index: number;
}

/** After a watch that has failed, ms. */
const pauseMs = 250;

/** Resolves with true once the key is gone, and with false when the signal ends the watching before. Never rejects. */
export async function untilPlaceIsGone(source: PlaceSource, seen: SeenPlace, signal: AbortSignal): Promise<boolean> {
  for (let index: number | undefined = seen.index; !signal.aborted;) {
    if (index !== undefined && (await isDeleted(source, seen.key, index, signal))) return true;
    const current = await source.kv.get(seen.key, { signal }).catch(() => undefined);
    if (current !== undefined && current.record?.createIndex !== seen.token) return true;
    index = current?.index;
    await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
  return false;
}

/** false: what became of it behind this index is not known here, and has to be looked at. */
async function isDeleted(source: PlaceSource, key: string, index: number, signal: AbortSignal): Promise<boolean> {
  try {
    for await (const _deleted of source.watch({ key }, { fromIndex: index + 1, only: "deletes", keysOnly: true, signal })) return true;
  } catch {
    // Compacted, nobody there, or given up.
  }
  return false;
}
