// What a check found, as the JSON contract of `raftctl check linearizability`, and the error that goes with a finding that is no pass.

import { RaftctlError } from "../../base/errors.ts";
import { answerFields, operationNames, requestFields } from "./history-format.ts";
import type { Completed } from "./history.ts";
import { checkLinearizability } from "./linearizability.ts";
import type { Verdict } from "./linearizability.ts";
import { tallyOf } from "./tally.ts";
import type { Tally } from "./tally.ts";
import { smallestWindow } from "./window.ts";

/** Times in milliseconds from the beginning of the history; versions and indexes as strings, as everywhere. */
export interface WindowEntry {
  process: string;
  operation: "put" | "get" | "delete" | "cas" | "revoke" | "expire";
  /** Written by a put or cas, seen by a get: null for an absent key. */
  value?: string | null;
  ifAbsent?: boolean;
  ifValue?: string;
  ifVersion?: string;
  outcome: "ok" | "failed" | "unknown";
  version?: string;
  applied?: boolean;
  found?: boolean;
  /** Refused, because the lease of the key had ended. */
  ended?: boolean;
  /** How a transaction was seen in part. */
  torn?: string;
  txn?: boolean;
  lease?: string;
  index?: string;
  error?: string;
  startMs: number;
  /** null: open, it may take effect at any time after its start. */
  endMs: number | null;
}

export interface CheckDocument extends Tally {
  verdict: "linearizable" | "violated" | "undecided" | "void";
  durationMs: number;
  /** What judging took. */
  checkMs: number;
  /** The key that is violated or undecided. */
  key?: string;
  explanation?: string;
  window?: WindowEntry[];
  /** Operations on that key that are not needed to see the violation. */
  omitted?: number;
  /** Of a live run: writes in doubt of which the cluster has said what became of them. */
  resolved?: number;
  /** Of the keys of a live run, and whether they are deleted again. */
  prefix?: string;
  cleaned?: boolean;
  /** Of the command that ran meanwhile. */
  exit?: number;
  /** The file that holds the history. */
  saved?: string;
}

export interface Judgement {
  readonly document: CheckDocument;
  /** Of the violated key. */
  readonly window: readonly Completed[];
}

/** @param acknowledgedMin with fewer answers the history proves nothing and is void, unless it is violated. */
export function judge(operations: readonly Completed[], options: { readonly acknowledgedMin: number; readonly durationMs?: number }): Judgement {
  const startMs = performance.now();
  const verdict = checkLinearizability(operations);
  const tally = tallyOf(operations);
  const finding = findingOf(verdict, operations);
  const isVoid = verdict.verdict === "linearizable" && tally.acknowledged < options.acknowledgedMin;
  const document: CheckDocument = {
    verdict: isVoid ? "void" : verdict.verdict,
    ...tally,
    durationMs: options.durationMs ?? spanMs(operations),
    checkMs: Math.round(performance.now() - startMs),
    ...finding.fields,
  };
  return { document, window: finding.window };
}

function findingOf(verdict: Verdict, operations: readonly Completed[]): { fields: Partial<CheckDocument>; window: readonly Completed[] } {
  if (verdict.verdict === "linearizable") return { fields: {}, window: [] };
  const { key } = verdict;
  if (verdict.verdict === "undecided") return { fields: { key }, window: [] };
  const { operations: window, omitted, explanation } = smallestWindow(operations.filter((item) => item.key === key));
  return { fields: { key, explanation, window: window.map(windowEntry), omitted }, window };
}

function windowEntry({ process, operation, outcome, output, startedMs, endedMs, error, txn, lease }: Completed): WindowEntry {
  const answer = outcome === "ok" ? answerFields(operation, output) : { error };
  const fields = Object.entries({ ...requestFields(operation), txn, lease, ...answer }).filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, typeof value === "number" ? String(value) : value]);
  return {
    process, operation: operationNames[operation.kind], ...Object.fromEntries(fields) as Partial<WindowEntry>, outcome,
    startMs: startedMs, endMs: outcome === "unknown" ? null : endedMs,
  };
}

function spanMs(operations: readonly Completed[]): number {
  let [first, last] = [Number.POSITIVE_INFINITY, 0];
  for (const { startedMs, endedMs } of operations) {
    first = Math.min(first, startedMs);
    last = Math.max(last, Number.isFinite(endedMs) ? endedMs : startedMs);
  }
  return operations.length === 0 ? 0 : Math.round(last - first);
}

/** undefined for a pass. */
export function findingError(document: CheckDocument, acknowledgedMin: number): RaftctlError | undefined {
  const { verdict, key = "", acknowledged, explanation = "" } = document;
  switch (verdict) {
    case "linearizable":
      return undefined;
    case "violated":
      return new RaftctlError("CORRUPT", `not linearizable: key ${JSON.stringify(key)}: ${explanation}`, {
        hint: "keep the history and a copy of every data directory; docs/linearizability.md says how to read the window",
      });
    case "undecided":
      return new RaftctlError("UNHEALTHY", `undecided: the search for an order of the operations on key ${JSON.stringify(key)} did not end within its bound`, {
        hint: "check again with fewer --clients or more --keys",
      });
    case "void":
      return new RaftctlError("UNHEALTHY", `void: ${acknowledged} operations were acknowledged, and a verdict takes ${acknowledgedMin}`, {
        hint: "look with raftctl status --all-nodes, and give it more time with --duration",
      });
  }
}
