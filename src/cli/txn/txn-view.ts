// What a transaction came to, as a document and as lines for people.

import type { TxnOutcome, TxnReceipt } from "../../client/txn.ts";
import { recordDocument, recordVersions, type RecordDocument, type VersionDocument } from "../kv-result.ts";
import { bytesDocument, type BytesDocument } from "../envelope.ts";
import { recordLines } from "../kv-text.ts";
import { shownBytes } from "../terminal.ts";

export type TxnOutcomeDocument =
  | { op: "put"; version: string; prev: PreviousDocument | null }
  | { op: "delete"; deleted: number; prev: PreviousDocument | null }
  | { op: "get"; kvs: RecordDocument[]; more: boolean };

export type PreviousDocument = VersionDocument & BytesDocument;

export interface TxnDocument {
  /** Whether the comparisons held; null when only commitment was waited for. */
  succeeded: boolean | null;
  index: string;
  term: string;
  response: "committed" | "applied";
  /** Of the side that was done, in its order; null when only commitment was waited for, and for a repetition of one whose outcomes were too large to be remembered. */
  outcomes: TxnOutcomeDocument[] | null;
  forwardedBy?: string;
  requestId?: string;
}

export function txnDocument(receipt: TxnReceipt, response: "committed" | "applied"): TxnDocument {
  const { succeeded, index, term, outcomes, forwardedBy, requestId } = receipt;
  return {
    succeeded: succeeded ?? null, index: String(index), term: String(term), response, outcomes: outcomes?.map(outcomeDocument) ?? null,
    ...(forwardedBy !== undefined && { forwardedBy }), ...(requestId !== undefined && { requestId }),
  };
}

function outcomeDocument(outcome: TxnOutcome): TxnOutcomeDocument {
  if (outcome.op === "get") return { op: "get", kvs: outcome.records.map((record) => recordDocument(record, { keysOnly: false })), more: outcome.more };
  const prev = outcome.previous === undefined ? null : { ...bytesDocument(outcome.previous.value), ...recordVersions(outcome.previous) };
  return outcome.op === "put" ? { op: "put", version: String(outcome.version), prev } : { op: "delete", deleted: outcome.deleted, prev };
}

/** One line for each outcome, and for a get those of its records. */
export function outcomesText(outcomes: readonly TxnOutcome[]): string {
  return outcomes.map(outcomeText).join("");
}

function outcomeText(outcome: TxnOutcome): string {
  if (outcome.op === "get") return `${String(recordLines(outcome.records, { mode: "text", keysOnly: false }))}${outcome.more ? "(there are more)\n" : ""}`;
  const done = outcome.op === "put" ? `put version ${outcome.version}` : `deleted ${outcome.deleted}`;
  return `${done}${outcome.previous === undefined ? "" : ` was ${shownBytes(outcome.previous.value)}`}\n`;
}
