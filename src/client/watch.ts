// What changes under a key, a prefix or a range, each change once and in order, from an index on: for as long as the caller iterates, whatever becomes of
// connections and leaders in the meantime. It asks again and again from where it has come to (a long poll); no node knows of it between two questions. When
// the caller does not iterate, nothing is asked, and what has been compacted by the time that he does is COMPACTED.

import { assert } from "../base/assert.ts";
import { concatBytes } from "../base/bytes.ts";
import { RaftctlError } from "../base/errors.ts";
import { untilAborted } from "../base/until-aborted.ts";
import type { ClientRequest, WatchResponse } from "../wire/client-protocol.ts";
import { limits } from "../wire/limits.ts";
import type { WatchEvent } from "../wire/watch-events.ts";
import { bytesOf, type Bytes } from "./bytes.ts";
import { prefixEnd } from "./key-range.ts";
import type { KeyValue } from "./kv.ts";
import { WatchSources } from "./watch-sources.ts";
import type { RequestContext } from "./writes.ts";

/** A range has its start included and its end excluded; either may be absent, and then it is open there. */
export type WatchSelection = { readonly key: Bytes } | { readonly prefix: Bytes } | { readonly start?: Bytes | undefined; readonly end?: Bytes | undefined };

export interface WatchOptions {
  /** The first index whose changes are told; absent: what comes after a linearizable read that is made now. */
  readonly fromIndex?: number | undefined;
  /** Only these kinds of changes; absent: both. */
  readonly only?: "puts" | "deletes" | undefined;
  /** Values are left empty. */
  readonly keysOnly?: boolean | undefined;
  /** At least this often `batches` says how far it has come, with a batch that has no events, ms; absent: only when there are events. */
  readonly progressMs?: number | undefined;
  /** Ends the iteration with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Everything that changed from the end of the batch before up to `nextIndex`, which is excluded. What one index changed is never split. */
export interface WatchBatch {
  readonly events: readonly WatchEvent[];
  /** Where to go on: a new watch with this as its `fromIndex` continues without a gap and without a repetition. */
  readonly nextIndex: number;
  readonly servedBy: string;
  /** As the node that answered knows it. */
  readonly leader: string | undefined;
}

/** What a watch needs of the client that owns it. */
export interface WatchContext extends Pick<RequestContext, "connection" | "timeoutMs" | "region" | "observe"> {
  readonly kv: KeyValue;
}

/** How long one question waits at a node, ms. */
const waitMs = 10_000;
const batchBytesMax = 256 * 1024;

export interface WatchedRange {
  readonly start: Uint8Array | undefined;
  readonly end: Uint8Array | undefined;
}

export class Watch implements AsyncIterable<WatchEvent>, AsyncDisposable {
  readonly #context: WatchContext;
  readonly #range: WatchedRange;
  readonly #options: WatchOptions;
  readonly #sources: WatchSources;
  readonly #begun: Promise<number>;
  readonly #closing = new AbortController();
  /** The caller gives up, or the watch is closed. */
  readonly #end: AbortSignal;

  constructor(context: WatchContext, selection: WatchSelection, options: WatchOptions = {}) {
    checkOptions(options);
    this.#context = context;
    this.#range = watchedRange(selection);
    this.#options = options;
    this.#sources = new WatchSources(context.connection);
    this.#end = options.signal === undefined ? this.#closing.signal : AbortSignal.any([options.signal, this.#closing.signal]);
    this.#begun = options.fromIndex === undefined ? this.#readIndex() : Promise.resolve(options.fromIndex);
    // Whoever iterates is told.
    this.#begun.catch(() => undefined);
  }

  /** Resolves with the first index that is watched. Rejects like a read. */
  begun(): Promise<number> {
    return this.#begun;
  }

  /** One by one. Rejects with COMPACTED when no address knows any more what comes next. */
  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent, void, undefined> {
    for await (const { events } of this.batches()) yield* events;
  }

  /** As they come from the nodes; the place to note `nextIndex`. Iterate a watch once only, either so or so. */
  async *batches(): AsyncGenerator<WatchBatch, void, undefined> {
    try {
      let from = await this.#orClosed(this.#begun);
      for (;;) {
        const { events, nextIndex, servedBy, leader } = await this.#orClosed(this.#ask(from));
        assert(nextIndex >= from, "a watch never goes back");
        from = nextIndex;
        if (events.length > 0 || this.#options.progressMs !== undefined) yield { events, nextIndex, servedBy, leader };
      }
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (!this.#closing.signal.aborted) throw error;
    } finally {
      this.close();
    }
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** The iteration ends. */
  close(): void {
    this.#closing.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  async #readIndex(): Promise<number> {
    const { index } = await this.#context.kv.range({ ...this.#range, limit: 1, keysOnly: true }, { signal: this.#end });
    return index + 1;
  }

  async #ask(fromIndex: number): Promise<WatchResponse> {
    const { timeoutMs, region } = this.#context;
    const { only, keysOnly = false, progressMs = waitMs } = this.#options;
    const questionMs = Math.min(progressMs, waitMs);
    const makeRequest = (leftMs: number): ClientRequest => ({
      operation: "watch", region: region(), ...this.#range, fromIndex, waitMs: Math.min(questionMs, leftMs), eventsMax: limits.watchEventsMax, bytesMax: batchBytesMax,
      puts: only !== "deletes", deletes: only !== "puts", keysOnly,
    });
    const response = await this.#sources.ask(makeRequest, { timeoutMs: questionMs + timeoutMs, signal: this.#end });
    this.#context.observe(response);
    return response;
  }

  /** Nobody waits for an answer any more once the watch is closed. */
  #orClosed<T>(work: Promise<T>): Promise<T> {
    return untilAborted(work, this.#end, () => new RaftctlError("STOPPED", "the watch is closed"));
  }
}

export function watchedRange(selection: WatchSelection): WatchedRange {
  if ("key" in selection) {
    const start = bytesOf(selection.key);
    if (start.length === 0) throw new RaftctlError("INVALID_ARGUMENT", "the key to watch is empty (want 1 byte at least)");
    return { start, end: concatBytes([start, new Uint8Array(1)]) };
  }
  if ("prefix" in selection) return { start: bytesOf(selection.prefix), end: prefixEnd(bytesOf(selection.prefix)) };
  return { start: optionalBytes(selection.start), end: optionalBytes(selection.end) };
}

function checkOptions({ fromIndex, progressMs }: WatchOptions): void {
  if (fromIndex !== undefined && !(Number.isSafeInteger(fromIndex) && fromIndex >= 1)) {
    throw new RaftctlError("INVALID_ARGUMENT", `a watch from index ${fromIndex} (want an integer from 1 to 2^53-1)`);
  }
  if (progressMs !== undefined && !(progressMs > 0)) throw new RaftctlError("INVALID_ARGUMENT", `progress every ${progressMs} ms (want more than 0)`);
}

function optionalBytes(value: Bytes | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : bytesOf(value);
}
