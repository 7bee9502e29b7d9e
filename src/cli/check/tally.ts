// What a history is made of, counted: how many operations of each kind, and how many of them were acknowledged, so that nobody takes a run for the proof of
// something that it hardly did.

import { operationNames } from "./history-format.ts";
import type { Completed } from "./history.ts";

export interface KindCount {
  operations: number;
  acknowledged: number;
}

export interface Tally {
  operations: number;
  acknowledged: number;
  unknown: number;
  failed: number;
  clients: number;
  keys: number;
  kinds: { get: KindCount; put: KindCount; cas: KindCount; delete: KindCount; revoke: KindCount };
  /** Of these, those that were transactions. */
  transactions: KindCount;
  /** Of these, those on keys that hang on a lease. */
  leased: KindCount;
  /** Leases whose time may have run out. */
  expiries: number;
}

/** What the cluster does by itself is no operation of a client. */
export function tallyOf(history: readonly Completed[]): Tally {
  const asked = history.filter(({ operation }) => operation.kind !== "expire");
  const outcome = (wanted: Completed["outcome"]): number => asked.filter((item) => item.outcome === wanted).length;
  const kind = (name: string): KindCount => countOf(asked.filter(({ operation }) => operationNames[operation.kind] === name));
  return {
    operations: asked.length, acknowledged: outcome("ok"), unknown: outcome("unknown"), failed: outcome("failed"),
    clients: new Set(asked.map(({ process }) => process)).size,
    keys: new Set(asked.map(({ key }) => key)).size,
    kinds: { get: kind("get"), put: kind("put"), cas: kind("cas"), delete: kind("delete"), revoke: kind("revoke") },
    transactions: countOf(asked.filter(({ txn }) => txn === true)),
    leased: countOf(asked.filter(({ lease }) => lease !== undefined)),
    expiries: history.length - asked.length,
  };
}

function countOf(operations: readonly Completed[]): KindCount {
  return { operations: operations.length, acknowledged: operations.filter(({ outcome }) => outcome === "ok").length };
}
