// What a file of a region's state holds, counted while it streams: rows by kind, and keys by what they begin with. Values are never shown. Memory is bounded:
// keys ascend, so a group is complete when the next one begins.

import { utf8 } from "../../base/bytes.ts";
import { prefixes, userKey } from "../../machine/keyspace.ts";
import type { KeyValue } from "../../machine/store.ts";
import { checkedRows } from "./content-check.ts";
import { withImageFile, type ImageHeader } from "./image-file.ts";

export interface RowCount {
  readonly rows: number;
  /** Of keys and values as stored. */
  readonly bytes: number;
}

export interface KeyGroup {
  /** What the keys begin with; ends with the separator if there are more below it. */
  readonly prefix: Uint8Array;
  readonly keys: number;
  readonly bytes: number;
}

export interface KeyGroups {
  readonly groups: readonly KeyGroup[];
  /** There are further groups, which are not listed. */
  readonly more: boolean;
}

export interface Inspection {
  readonly path: string;
  readonly bytes: number;
  readonly header: ImageHeader;
  readonly imageBytes: number;
  readonly sha256: string | undefined;
  readonly stateDigest: string;
  readonly records: RowCount;
  readonly sessions: RowCount;
  /** Of the cluster, replicated like the data. */
  readonly settings: RowCount;
  /** And the keys that are attached to them. */
  readonly leases: RowCount;
  readonly streams: RowCount & { readonly streams: number };
  readonly keys: KeyGroups | undefined;
}

export interface GroupRequest {
  readonly prefix: string;
  /** Parts of a key, separated by "/", behind the prefix. */
  readonly depth: number;
  readonly limit: number;
}

const separator = 0x2f;

/** @param groups undefined: keys are only counted. @throws NOT_FOUND, CORRUPT, INCOMPATIBLE */
export function inspectFile(name: string, groups: GroupRequest | undefined): Promise<Inspection> {
  return withImageFile(name, async (file) => {
    const counts = new Counts();
    const grouping = groups === undefined ? undefined : new Grouping(groups);
    const rows = checkedRows(file);
    let step = await rows.next();
    for (; step.done !== true; step = await rows.next()) {
      counts.add(step.value);
      if (step.value.key[0] === prefixes.record) grouping?.add(userKey(step.value.key), step.value);
    }
    const { end, stateDigest } = step.value;
    return { path: file.path, bytes: file.bytes, header: file.header, ...end, stateDigest, ...counts.result(), keys: grouping?.result() };
  });
}

class Counts {
  readonly #counts = { records: { rows: 0, bytes: 0 }, sessions: { rows: 0, bytes: 0 }, settings: { rows: 0, bytes: 0 }, leases: { rows: 0, bytes: 0 }, streams: { rows: 0, bytes: 0, streams: 0 } };

  add({ key, value }: KeyValue): void {
    const kind = kindOf[key[0]!];
    if (kind === undefined) return;
    if (key[0] === prefixes.streamHead) this.#counts.streams.streams += 1;
    else this.#counts[kind].rows += 1;
    this.#counts[kind].bytes += key.length + value.length;
  }

  result(): Pick<Inspection, "records" | "sessions" | "settings" | "leases" | "streams"> {
    return this.#counts;
  }
}

/** What is not here says how the state came about, and is not counted. */
const kindOf: Readonly<Record<number, "records" | "sessions" | "settings" | "leases" | "streams">> = {
  [prefixes.record]: "records", [prefixes.sessionPage]: "sessions", [prefixes.largeResult]: "sessions", [prefixes.setting]: "settings",
  [prefixes.lease]: "leases", [prefixes.attachment]: "leases", [prefixes.streamHead]: "streams", [prefixes.streamRecord]: "streams",
};

export class Grouping {
  readonly #request: GroupRequest;
  readonly #prefix: Uint8Array;
  readonly #groups: KeyGroup[] = [];
  #current: { prefix: Uint8Array; keys: number; bytes: number } | undefined;
  #more = false;

  constructor(request: GroupRequest) {
    this.#request = request;
    this.#prefix = utf8(request.prefix);
  }

  add(key: Uint8Array, row: KeyValue): void {
    if (!startsWith(key, this.#prefix)) return;
    const bytes = row.key.length + row.value.length;
    const group = this.#groupOf(key);
    const current = this.#current;
    if (current !== undefined && current.prefix.length === group.length && startsWith(group, current.prefix)) {
      current.keys += 1;
      current.bytes += bytes;
      return;
    }
    this.#finishGroup();
    this.#current = { prefix: group.slice(), keys: 1, bytes };
  }

  result(): KeyGroups {
    this.#finishGroup();
    return { groups: this.#groups, more: this.#more };
  }

  #finishGroup(): void {
    if (this.#current === undefined) return;
    if (this.#groups.length < this.#request.limit) this.#groups.push(this.#current);
    else this.#more = true;
    this.#current = undefined;
  }

  /** Up to and with the separator that ends the last part that is wanted; the whole key when it has fewer. */
  #groupOf(key: Uint8Array): Uint8Array {
    let end = this.#prefix.length;
    for (let part = 0; part < this.#request.depth; part += 1) {
      const next = key.indexOf(separator, end);
      if (next === -1) return key;
      end = next + 1;
    }
    return key.subarray(0, end);
  }
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && prefix.every((byte, place) => bytes[place] === byte);
}
