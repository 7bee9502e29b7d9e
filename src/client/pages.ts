// Ranges that do not fit into one answer, page by page, all of them as they were at the index of the first one. The node that read the first page holds the
// state for this connection until the last page is read, nobody asks for the next one for a while, or it ends; then the pages end with VIEW_GONE.

import { toRaftctlError } from "../base/errors.ts";
import type { ReadResponse } from "../wire/client-protocol.ts";
import { limits } from "../wire/limits.ts";
import type { CallOptions } from "./deadline.ts";
import { keyBehind } from "./key-range.ts";
import type { PagedQuery, PageQuery, RangeQuery, ReadOptions } from "./reads.ts";

/** As KeyValue has it. */
export interface PagedReads {
  range(query: RangeQuery, options: ReadOptions): Promise<ReadResponse>;
  page(query: PageQuery, options: CallOptions): Promise<ReadResponse>;
  closeView(view: string): Promise<unknown>;
}

/** How often a list is begun again when the state of its first page is gone. */
const listAttemptsMax = 3;

export async function* readPages(kv: PagedReads, query: PagedQuery, options: ReadOptions): AsyncGenerator<ReadResponse> {
  const { timeoutMs, signal } = options;
  const { end, keysOnly, limit = Number.MAX_SAFE_INTEGER } = query;
  let wanted = limit;
  let page = await kv.range({ ...query, ...portionOf(wanted) }, options);
  let held: string | undefined;
  try {
    for (;;) {
      held = page.view;
      yield page;
      if (held === undefined) return;
      const view = held;
      held = undefined;
      wanted -= page.records.length;
      page = await kv.page({ view, start: keyBehind(page.records.at(-1)!.key), end, keysOnly, ...portionOf(wanted) }, { timeoutMs, signal });
    }
  } finally {
    // The reader has had enough. That the node does not hear of it costs nothing but time.
    if (held !== undefined) void kv.closeView(held).catch(() => undefined);
  }
}

/** All of them in one. Begins again when their state is gone: nobody has seen anything of it yet. */
export async function readList(kv: PagedReads, query: PagedQuery, options: ReadOptions): Promise<ReadResponse> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await joined(readPages(kv, query, options));
    } catch (thrown) {
      const { code } = toRaftctlError(thrown);
      if (code !== "VIEW_GONE" || attempt === listAttemptsMax) throw thrown;
    }
  }
}

async function joined(pages: AsyncIterable<ReadResponse>): Promise<ReadResponse> {
  const all: ReadResponse[] = [];
  for await (const page of pages) all.push(page);
  const [first, last] = [all[0]!, all.at(-1)!];
  if (first === last) return first;
  const records = all.flatMap((page) => page.records);
  const { view: _view, ...shared } = first;
  return { ...shared, records, count: records.length, more: last.more };
}

function portionOf(wanted: number): { readonly limit: number; readonly wanted: number } {
  return { limit: Math.min(wanted, limits.rangeRecordsMax), wanted };
}
