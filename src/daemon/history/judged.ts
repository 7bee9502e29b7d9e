// What an entry did to the key, as whoever judged it says: the effect, and what the key held afterwards, when that is known.

import type { HistoryEffect, KeyAt } from "../../wire/key-history.ts";

export interface Judged {
  readonly effect: HistoryEffect;
  /** undefined: it does not follow. */
  readonly after: Held | undefined;
}

export interface Held {
  /** undefined: there is no such key. */
  readonly record: KeyAt | undefined;
  /** That the key is attached to, as far as it matters to whoever judges. */
  readonly lease?: string | undefined;
}

export const absent: Held = { record: undefined };

export function versionOf(held: Held | undefined): number | undefined {
  return held === undefined || held.record !== undefined ? held?.record?.version : 0;
}
