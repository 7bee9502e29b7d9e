// What a `get` asks for, from its argument and flags: one key, all keys with a prefix, or all keys of a half-open range.

import { RaftctlError } from "../base/errors.ts";
import { prefixEnd } from "../client/key-range.ts";
import { utf8 } from "../base/bytes.ts";
import type { RangeQuery } from "../client/reads.ts";

export interface ReadSelection {
  readonly key: string | undefined;
  readonly prefix: string | undefined;
  /** "A..B": from A, included, to B, excluded; either may be empty. */
  readonly range: string | undefined;
}

export type ReadTarget = { readonly key: string } | { readonly query: Pick<RangeQuery, "start" | "end"> };

export function readTarget(selection: ReadSelection): ReadTarget {
  const given = [selection.key, selection.prefix, selection.range].filter((choice) => choice !== undefined);
  if (given.length !== 1) throw new RaftctlError("USAGE", "say which keys: KEY, --prefix P or --range A..B");
  if (selection.key !== undefined) return { key: selection.key };
  if (selection.prefix !== undefined) return { query: { start: selection.prefix, end: prefixEnd(utf8(selection.prefix)) } };
  return { query: parseRange(selection.range ?? "") };
}

function parseRange(text: string): Pick<RangeQuery, "start" | "end"> {
  const place = text.indexOf("..");
  if (place === -1) throw new RaftctlError("USAGE", `--range ${JSON.stringify(text)}: want A..B, where A is included, B is not, and either may be empty`);
  const [start, end] = [text.slice(0, place), text.slice(place + 2)];
  return { start: start === "" ? undefined : start, end: end === "" ? undefined : end };
}
