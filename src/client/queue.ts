// The queue behind a lock or an election: the keys `<kind>/NAME/<lease, 16 hex digits>`, each attached to the lease of the one who put it. Whoever's key was
// created first has the turn; the createIndex is the fencing token. Keys are only added at the end and only go, so what a read misses is gone for good.

import { Buffer } from "node:buffer";
import { utf8, utf8Text } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import { leaseText } from "../base/lease-id.ts";
import type { KeyValueRecord } from "../wire/client-protocol.ts";
import type { CallOptions } from "./deadline.ts";
import { prefixEnd } from "./key-range.ts";
import type { KeyValue } from "./kv.ts";

export interface Place {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Index of the put that created the key: larger for each that comes later. */
  readonly token: number;
}

export interface QueueState {
  /** Who has the turn first. */
  readonly places: readonly Place[];
  /** What changes behind this index is not in it. */
  readonly index: number;
}

const idLength = 16;

export class Queue {
  /** What stands in messages: `lock "x"`. */
  readonly title: string;
  readonly name: string;
  readonly prefix: string;
  readonly #prefixBytes: Uint8Array;

  /** @throws INVALID_ARGUMENT */
  static lock(name: string): Queue {
    return new Queue("lock", "locks/", name);
  }

  /** @throws INVALID_ARGUMENT */
  static election(name: string): Queue {
    return new Queue("election", "elections/", name);
  }

  private constructor(kind: string, root: string, name: string) {
    if (name === "") throw new RaftctlError("INVALID_ARGUMENT", `the name of the ${kind} is empty (want 1 character at least)`);
    this.title = `${kind} ${JSON.stringify(name)}`;
    this.name = name;
    this.prefix = `${root}${name}/`;
    this.#prefixBytes = utf8(this.prefix);
  }

  keyOf(lease: bigint): string {
    return `${this.prefix}${leaseText(lease)}`;
  }

  /** Whether it is a place in this queue: of "a/b" the keys begin as those of "a" do. */
  holds(key: Uint8Array): boolean {
    const { length } = this.#prefixBytes;
    if (key.length !== length + idLength || !Buffer.from(key.subarray(0, length)).equals(this.#prefixBytes)) return false;
    return /^[0-9a-f]+$/.test(utf8Text(key.subarray(length)) ?? "");
  }

  /** A linearizable read. */
  async read(kv: KeyValue, options: CallOptions = {}): Promise<QueueState> {
    const { records, index } = await kv.list({ start: this.prefix, end: prefixEnd(this.#prefixBytes) }, options);
    return { places: inOrder(records.filter(({ key }) => this.holds(key)).map(placeOf)), index };
  }
}

export function placeOf({ key, value, createIndex }: Pick<KeyValueRecord, "key" | "value" | "createIndex">): Place {
  return { key, value, token: createIndex };
}

export function inOrder(places: Iterable<Place>): Place[] {
  return [...places].toSorted((left, right) => left.token - right.token);
}
