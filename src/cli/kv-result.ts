// What `put`, `get` and `del` return: records and receipts in the JSON contract's form.

import type { PreviousRecord } from "../wire/command-result.ts";
import type { KeyValueRecord } from "../wire/client-protocol.ts";
import type { WriteReceipt } from "../client/writes.ts";
import { bytesDocument } from "./envelope.ts";
import type { BytesDocument } from "./envelope.ts";
import type { TraceDocument } from "./write-trace.ts";

export interface VersionDocument {
  version: string;
  createIndex: string;
  modIndex: string;
}

/** `value` and `encoding` are missing when only keys were asked for. */
export interface RecordDocument extends VersionDocument, Partial<BytesDocument> {
  key: string;
  keyEncoding: "utf8" | "base64";
}

export function recordDocument(record: KeyValueRecord, options: { readonly keysOnly: boolean }): RecordDocument {
  const key = bytesDocument(record.key);
  const value = options.keysOnly ? {} : bytesDocument(record.value);
  return { key: key.value, keyEncoding: key.encoding, ...value, ...recordVersions(record) };
}

export function recordVersions(record: PreviousRecord): VersionDocument {
  return { version: String(record.version), createIndex: String(record.createIndex), modIndex: String(record.modIndex) };
}

export interface ReceiptDocument {
  key: string;
  /** Over HTTP, where a key may be any bytes. */
  keyEncoding?: "utf8" | "base64";
  /** null when only commitment was waited for. */
  version: string | null;
  index: string;
  term: string;
  response: "committed" | "applied";
  /** With --prev: null when there was nothing, or "dropped" when it is too large to be remembered for a repetition. */
  prev?: (VersionDocument & BytesDocument) | "dropped" | null;
  deleted?: number | null;
  forwardedBy?: string;
  requestId?: string;
}

export interface PutDocument extends ReceiptDocument {
  /** With --trace: null when the leader has none, because leadership moved; a warning says so. */
  trace?: TraceDocument | null;
}

export interface Written {
  readonly key: string;
  readonly response: "committed" | "applied";
  readonly wantPrevious: boolean;
}

export function receiptDocument(receipt: WriteReceipt, written: Written): ReceiptDocument {
  const { result } = receipt;
  return {
    key: written.key,
    version: result === undefined ? null : String(result.version),
    index: String(receipt.index),
    term: String(receipt.term),
    response: written.response,
    ...(written.wantPrevious && { prev: result?.previousDropped ? "dropped" : previousDocument(result?.previous) }),
    ...(receipt.forwardedBy !== undefined && { forwardedBy: receipt.forwardedBy }),
    ...(receipt.requestId !== undefined && { requestId: receipt.requestId }),
  };
}

function previousDocument(previous: PreviousRecord | undefined): (VersionDocument & BytesDocument) | null {
  return previous === undefined ? null : { ...bytesDocument(previous.value), ...recordVersions(previous) };
}
