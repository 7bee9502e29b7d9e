// Leases as the admin methods tell of them. Plain values.

export interface LeaseReport {
  /** 16 hexadecimal digits. */
  id: string;
  ttlMs: number;
  /** At least, unless it is kept alive, as the leader knows; 0: its time is over and it is about to end. */
  remainingMs: number;
  grantIndex: number;
  /** Attached to it. */
  keys: number;
}

export interface LeaseDetails extends LeaseReport {
  /** In their order, when they were asked for; as many as fit into an answer. */
  attached: Uint8Array[] | null;
  more: boolean;
}
