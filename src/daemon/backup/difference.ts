// How two files of a region's state differ: keys that were added, removed or changed, rows of other kinds, position and membership. Both are read once, side
// by side and in order; what is remembered is bounded by `limit`.

import { equalBytes } from "../../base/bytes.ts";
import { sideBySide } from "../../base/side-by-side.ts";
import { prefixes, userKey } from "../../machine/keyspace.ts";
import type { KeyValue } from "../../machine/store.ts";
import { recordValue } from "../../machine/record.ts";
import { membershipJson } from "../../storage/snapshot-file.ts";
import { checkedRows } from "./content-check.ts";
import { withImageFile, type ImageFile, type ImageHeader } from "./image-file.ts";

export type ChangeKind = "added" | "removed" | "changed";

export interface KeyChange {
  readonly kind: ChangeKind;
  readonly key: Uint8Array;
}

export interface Difference {
  readonly left: ImageHeader;
  readonly right: ImageHeader;
  readonly added: number;
  readonly removed: number;
  /** Another value, or the same one written again. */
  readonly changed: number;
  /** Of the changed keys: the value is the same. */
  readonly rewritten: number;
  /** Rows of sessions, streams and settings that are not in both, or not the same. */
  readonly otherRows: number;
  readonly sameMembership: boolean;
  readonly samePosition: boolean;
  readonly sameCluster: boolean;
  /** The first ones, in the order of the keys. */
  readonly changes: readonly KeyChange[];
  readonly more: boolean;
}

/** @throws NOT_FOUND, CORRUPT, INCOMPATIBLE */
export function compareFiles(left: string, right: string, limit: number): Promise<Difference> {
  return withImageFile(left, (leftFile) => withImageFile(right, (rightFile) => compare(leftFile, rightFile, limit)));
}

/** Equal for everybody who reads from them; a difference in position alone is one. */
export function isEqual({ added, removed, changed, otherRows, sameMembership, samePosition, sameCluster }: Difference): boolean {
  return added + removed + changed + otherRows === 0 && sameMembership && samePosition && sameCluster;
}

async function compare(left: ImageFile, right: ImageFile, limit: number): Promise<Difference> {
  const tally = new Tally(limit);
  for await (const [leftRow, rightRow] of sideBySide(checkedRows(left), checkedRows(right))) tally.add(leftRow, rightRow);
  return { left: left.header, right: right.header, ...tally.result(), ...sameness(left.header, right.header) };
}

function sameness(left: ImageHeader, right: ImageHeader): Pick<Difference, "sameMembership" | "samePosition" | "sameCluster"> {
  return {
    sameMembership: membershipJson(left.membership) === membershipJson(right.membership),
    samePosition: left.index === right.index && left.term === right.term,
    sameCluster: left.clusterId === right.clusterId && left.region.id === right.region.id,
  };
}

class Tally {
  readonly #limit: number;
  readonly #counts = { added: 0, removed: 0, changed: 0, rewritten: 0, otherRows: 0 };
  readonly #changes: KeyChange[] = [];
  #more = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(left: KeyValue | undefined, right: KeyValue | undefined): void {
    const { key } = (left ?? right)!;
    if (left !== undefined && right !== undefined && equalBytes(left.value, right.value)) return;
    // How the state came about; what it is follows.
    if (key[0] === prefixes.position || key[0] === prefixes.checkpoints) return;
    if (key[0] !== prefixes.record) {
      this.#counts.otherRows += 1;
      return;
    }
    const kind = left === undefined ? "added" : right === undefined ? "removed" : "changed";
    this.#counts[kind] += 1;
    if (kind === "changed" && equalBytes(recordValue(left!.value), recordValue(right!.value))) this.#counts.rewritten += 1;
    if (this.#changes.length < this.#limit) this.#changes.push({ kind, key: userKey(key).slice() });
    else this.#more = true;
  }

  result(): Omit<Difference, "left" | "right" | "sameMembership" | "samePosition" | "sameCluster"> {
    return { ...this.#counts, changes: this.#changes, more: this.#more };
  }
}
