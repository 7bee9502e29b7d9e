// What is known of one key over time: what touched it, entry by entry, and what it held from which index to which. Put together from logs and states that are
// at hand (daemon/history), shown by the command line. Plain values. What does not follow from them is missing, never guessed.

import type { LogCommand, LogRange } from "./log-inspection.ts";

/**
 * written, deleted, nothing (there was nothing to delete): carried out. refused: its condition did not hold, or the range held too many keys.
 * repeated: carried out before, by an entry with the same session and sequence. expired: its session was not remembered any more, so it was not carried out.
 * pending: not known to be committed. unknown: it does not follow from what is at hand.
 */
export type HistoryEffect = "written" | "deleted" | "nothing" | "refused" | "repeated" | "expired" | "pending" | "unknown";

export interface HistoryEvent {
  readonly index: number;
  /** undefined: the entry itself is not at hand. */
  readonly term: number | undefined;
  /** When the leader took it in, on its clock, ms since 1970; undefined: nobody has noted it, or the entry is not at hand. */
  readonly time: number | undefined;
  readonly effect: HistoryEffect;
  /** Of the key afterwards, 0 when it does not exist; undefined when that does not follow. */
  readonly version: number | undefined;
  /** With values. Of an entry that is not at hand: a put without a condition. */
  readonly command: LogCommand;
  readonly session: { readonly id: string; readonly sequence: number } | undefined;
  /** Name of the log or of the state that shows it. */
  readonly source: string;
}

/** A key as it was. */
export interface KeyAt {
  readonly value: Uint8Array;
  /** undefined, as the next: it does not follow. */
  readonly version: number | undefined;
  readonly createIndex: number | undefined;
  readonly modIndex: number;
}

/** After each entry from `first` to `last`; undefined: the key did not exist. */
export interface HistorySpan extends LogRange {
  readonly record: KeyAt | undefined;
}

export interface HistorySource {
  readonly kind: "log" | "state";
  readonly name: string;
  /** A state has one index. */
  readonly first: number;
  readonly last: number;
}

export interface KeyHistory {
  readonly key: Uint8Array;
  /** As far as anything at hand is known to be committed. */
  readonly committedTo: number;
  /** In the order of their indexes. */
  readonly events: readonly HistoryEvent[];
  /** In order, none over another; what lies between them is not known. */
  readonly spans: readonly HistorySpan[];
  readonly sources: readonly HistorySource[];
  /** States that would have helped, and are damaged. */
  readonly damages: readonly string[];
  /** Snapshots that were named and are not where they should be: compaction has put newer ones in their place since the logs were opened. */
  readonly superseded: readonly string[];
}
