// Who leads an election, for those who do not stand in it: now, and at each change.

import { Buffer } from "node:buffer";
import { utf8 } from "../base/bytes.ts";
import { toRaftctlError } from "../base/errors.ts";
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

/** The leader now, and then at each change; undefined while nobody leads. Who has fallen too far behind is told of the leader by then, and goes on from there. */
export async function* leadersFromNow(context: LeaderContext, queue: Queue, signal: AbortSignal | undefined): AsyncGenerator<Leader | undefined, void, undefined> {
  let told: { readonly leader: Leader | undefined } | undefined;
  for (;;) {
    for await (const leader of leadersWhileRetained(context, queue, signal)) {
      if (told !== undefined && isSame(told.leader, leader)) continue;
      told = { leader };
      yield leader;
    }
  }
}

/** After each change to the queue, from a look at it on, until a change was compacted before it was heard of. */
async function* leadersWhileRetained(context: LeaderContext, queue: Queue, signal: AbortSignal | undefined): AsyncGenerator<Leader | undefined, void, undefined> {
  const { records, index, watch } = await context.listAndWatch({ prefix: queue.prefix }, { signal });
  await using _ends = watch;
  const places = new Map<string, Place>();
  for (const record of records) if (queue.holds(record.key)) places.set(hex(record.key), placeOf(record));
  yield leaderOf(inOrder(places.values()), index);
  try {
    for await (const event of watch) {
      if (!queue.holds(event.key)) continue;
      if (event.kind === "delete") places.delete(hex(event.key));
      else places.set(hex(event.key), placeOf(event));
      yield leaderOf(inOrder(places.values()), event.index);
    }
  } catch (error) {
    if (toRaftctlError(error).code !== "COMPACTED") throw error;
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
