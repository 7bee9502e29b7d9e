// `raftctl watch` and `raftctl get --watch`: what changes, one line or one document for each change, in order, until it is ended. It waits for whoever reads
// its output, and for the command that it runs: as long as they take their time, nothing is asked of the cluster and nothing piles up here.

import { RaftctlError, toRaftctlError } from "../base/errors.ts";
import type { Watch } from "../client/watch.ts";
import type { WatchEvent } from "../wire/watch-events.ts";
import { bytesDocument, type BytesDocument } from "./envelope.ts";
import { shownBytes } from "./terminal.ts";

/** `value` and `encoding` are missing for a deletion, and when only keys were asked for. */
export interface ChangeDocument extends Partial<BytesDocument> {
  kind: "put" | "delete";
  index: string;
  key: string;
  keyEncoding: "utf8" | "base64";
  /** Of a put. */
  version?: string;
  createIndex?: string;
}

/** Everything below `nextIndex` has been told. */
export interface ProgressDocument {
  kind: "progress" | "end";
  nextIndex: string;
  /** Told so far. */
  events: number;
}

export interface WatchPlan {
  /** Ends after so many changes. */
  readonly limit?: number | undefined;
  /** Called for each change, one after the other; nothing is told behind one for which it rejects. */
  readonly perform?: ((event: WatchEvent) => Promise<void>) | undefined;
  /** What to do when what comes next is not retained any more. */
  readonly goOn: (firstRetained: string) => string;
}

export interface WatchSink {
  /** Resolves when there is room for more. */
  readonly change: (event: WatchEvent) => Promise<void>;
  readonly progress: (progress: ProgressDocument) => Promise<void>;
}

/** Ends when the watch is closed, or with the last change that was asked for. @throws COMPACTED with the way to go on, and what `perform` rejects with */
export async function followChanges(watch: Watch, plan: WatchPlan, sink: WatchSink): Promise<ProgressDocument> {
  try {
    return await follow(watch, plan, sink);
  } catch (error) {
    throw watchFailure(toRaftctlError(error), plan);
  }
}

async function follow(watch: Watch, { limit = Number.POSITIVE_INFINITY, perform }: WatchPlan, sink: WatchSink): Promise<ProgressDocument> {
  let events = 0;
  let next = await watch.begun();
  for await (const batch of watch.batches()) {
    for (const [place, event] of batch.events.entries()) {
      next = event.index;
      if (watch.closed) return told("end", next, events);
      await sink.change(event);
      await perform?.(event);
      events += 1;
      // Of an entry that changed several keys the rest comes again.
      if (events >= limit) return told("end", batch.events[place + 1]?.index === event.index ? event.index : event.index + 1, events);
    }
    next = batch.nextIndex;
    if (batch.events.length === 0) await sink.progress(told("progress", next, events));
  }
  return told("end", next, events);
}

/** @param line the envelope of a document, as a line of its own */
export function documentSink(line: (document: ChangeDocument | ProgressDocument) => string, options: { readonly keysOnly: boolean }): WatchSink {
  return { change: (event) => written(line(changeDocument(event, options))), progress: (progress) => written(line(progress)) };
}

/** @param note tells people, beside the output */
export function textSink(note: (text: string) => void, options: { readonly keysOnly: boolean }): WatchSink {
  return { change: (event) => written(changeLine(event, options)), progress: async ({ nextIndex }) => note(`everything below index ${nextIndex} was told`) };
}

/** Resolves when there is room for more. */
export function written(text: string): Promise<void> {
  if (process.stdout.write(text)) return Promise.resolve();
  return new Promise((resolve) => process.stdout.once("drain", resolve));
}

function told(kind: ProgressDocument["kind"], nextIndex: number, events: number): ProgressDocument {
  return { kind, nextIndex: String(nextIndex), events };
}

export function changeDocument({ index, kind, key, value, version, createIndex }: WatchEvent, options: { readonly keysOnly: boolean }): ChangeDocument {
  const shown = bytesDocument(key);
  const document = { kind, index: String(index), key: shown.value, keyEncoding: shown.encoding };
  if (kind === "delete") return document;
  return { ...document, ...(options.keysOnly ? {} : bytesDocument(value)), version: String(version), createIndex: String(createIndex) };
}

/** Index, what happened, key and value, with tabs between them. */
function changeLine({ index, kind, key, value }: WatchEvent, options: { readonly keysOnly: boolean }): string {
  const columns = [String(index), kind, shownBytes(key), ...(kind === "delete" || options.keysOnly ? [] : [shownBytes(value)])];
  return `${columns.join("\t")}\n`;
}

function watchFailure(error: RaftctlError, { goOn }: WatchPlan): RaftctlError {
  const first = error.details?.["firstRetained"];
  if (error.code !== "COMPACTED" || typeof first !== "string") return error;
  return new RaftctlError("COMPACTED", error.message, { cause: error, details: { ...error.details }, hint: `what changed before is gone: ${goOn(first)}` });
}
