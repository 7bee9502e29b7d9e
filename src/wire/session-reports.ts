// Sessions as the admin methods tell of them. Plain values.

export interface SessionReport {
  /** A decimal, as in request ids. */
  id: string;
  /** The highest number of a request that was executed. */
  lastNumber: number;
  /** Index of the entry that executed last. */
  lastUse: number;
  /** Since then, at most, by the leader's clock; null: no entry had a time yet. */
  idleMs: number | null;
  /** It is not forgotten before, unless thousands of others need its room; 0: the next entries may expire it. null as above. */
  remainingMs: number | null;
  /** Numbers whose results are remembered. */
  results: number;
  /** What they take in the state. */
  bytes: number;
}
