// `raftctl get KEY --at INDEX`: what the key held after that entry, or why that cannot be said.

import { RaftctlError } from "../../base/errors.ts";
import type { KeyAt, KeyHistory } from "../../wire/key-history.ts";
import { bytesDocument, type BytesDocument } from "../envelope.ts";
import type { ReadDocument } from "../read.ts";
import { shownBytes } from "../terminal.ts";
import { rangeDocument, rangeText } from "./history-view.ts";

export interface PastRecordDocument extends Partial<BytesDocument> {
  key: string;
  keyEncoding: BytesDocument["encoding"];
  /** null, as the next: it does not follow from what is at hand. */
  version: string | null;
  createIndex: string | null;
  modIndex: string;
}

export interface PastReadDocument extends Pick<ReadDocument, "found" | "count" | "more"> {
  kvs: PastRecordDocument[];
  at: string;
  /** Logs and states that it was put together from. */
  sources: string[];
}

export interface PastRead {
  readonly document: PastReadDocument;
  readonly value: Uint8Array | undefined;
}

/** @throws USAGE; INVALID_ARGUMENT, with the ranges that are known, for an index of which nothing is */
export function valueAt(history: KeyHistory, index: number): PastRead {
  if (index === 0) throw new RaftctlError("USAGE", "--at 0 is before the first entry: indexes begin at 1");
  const span = history.spans.find(({ first, last }) => first <= index && index <= last);
  if (span === undefined) throw notKnown(history, index);
  const { record } = span;
  const document = {
    found: record !== undefined, kvs: record === undefined ? [] : [recordDocument(history.key, record)], count: record === undefined ? 0 : 1, more: false,
    at: String(index), sources: [...new Set(history.sources.map(({ name }) => name))],
  };
  return { document, value: record?.value };
}

/** Exit 4. */
export function missingAt(key: string, index: number): RaftctlError {
  return new RaftctlError("NOT_FOUND", `no key ${JSON.stringify(key)} at index ${index}`);
}

function recordDocument(name: Uint8Array, { value, version, createIndex, modIndex }: KeyAt): PastRecordDocument {
  const key = bytesDocument(name);
  return { key: key.value, keyEncoding: key.encoding, ...bytesDocument(value), version: textOf(version), createIndex: textOf(createIndex), modIndex: String(modIndex) };
}

function textOf(number: number | undefined): string | null {
  return number === undefined ? null : String(number);
}

function notKnown({ key, spans, committedTo }: KeyHistory, index: number): RaftctlError {
  const known = merged(spans);
  const details = { committedTo: String(committedTo), known: known.map(rangeDocument) };
  if (index > committedTo) return new RaftctlError("INVALID_ARGUMENT", `--at ${index} is in the future: nothing behind index ${committedTo} is known to be committed`, { details });
  const where = known.length === 0 ? "nothing" : known.map(rangeText).join(", ");
  return new RaftctlError("INVALID_ARGUMENT", `what ${shownBytes(key)} held at index ${index} does not follow from what is at hand: it is known after ${where}`, {
    details, hint: "another log or a backup may know: --node, --data-dir, --from",
  });
}

/** Spans that follow each other as one range. */
function merged(spans: KeyHistory["spans"]): { first: number; last: number }[] {
  const ranges: { first: number; last: number }[] = [];
  for (const { first, last } of spans) {
    const previous = ranges.at(-1);
    if (previous?.last === first - 1) previous.last = last;
    else ranges.push({ first, last });
  }
  return ranges;
}
