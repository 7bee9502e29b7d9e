// Who leads an election, for those who do not stand in it: now, and at each change.

import { Buffer } from "node:buffer";
import { utf8 } from "../base/bytes.ts";
import type { CallOptions } from "./deadline.ts";
import type { KeyValue } from "./kv.ts";
import type { ListedWatch } from "./list-and-watch.ts";
import { inOrder, type Place, placeOf, type Queue } from "./queue.ts";
import type { WatchOptions, WatchSelection } from "./watch.ts";

export interface Leader {
  readonly key: string;
  readonly value: Uint8Array;
  /** The fencing token: larger than that of every earlier leader. */
  readonly token: number;
  /** As of this index of the log. */
  readonly index: number;
}

export interface LeaderContext {
  readonly kv: KeyValue;
  listAndWatch(selection: WatchSelection, options: Omit<WatchOptions, "fromIndex">): Promise<ListedWatch>;
}

/** undefined: nobody leads. */
export async function leaderNow({ kv }: LeaderContext, queue: Queue, options: CallOptions): Promise<Leader | undefined> {
  const { places, index } = await queue.read(kv, options);
  return leaderOf(places, index);
}

/** The leader now, and then at each change; undefined while nobody leads. */
export async function* leadersFromNow(context: LeaderContext, queue: Queue, signal: AbortSignal | undefined): AsyncGenerator<Leader | undefined, void, undefined> {
  const { records, index, watch } = await context.listAndWatch({ prefix: queue.prefix }, { signal });
  await using _ends = watch;
  const places = new Map<string, Place>();
  for (const record of records) if (queue.holds(record.key)) places.set(hex(record.key), placeOf(record));
  let latest = leaderOf(inOrder(places.values()), index);
  yield latest;
  for await (const event of watch) {
    if (!queue.holds(event.key)) continue;
    if (event.kind === "delete") places.delete(hex(event.key));
    else places.set(hex(event.key), placeOf(event));
    const next = leaderOf(inOrder(places.values()), event.index);
    if (isSame(latest, next)) continue;
    latest = next;
    yield latest;
  }
}

function leaderOf([first]: readonly Place[], index: number): Leader | undefined {
  return first && { key: Buffer.from(first.key).toString(), value: first.value, token: first.token, index };
}

function isSame(left: Leader | undefined, right: Leader | undefined): boolean {
  return left?.token === right?.token && Buffer.compare(left?.value ?? utf8(""), right?.value ?? utf8("")) === 0;
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}
