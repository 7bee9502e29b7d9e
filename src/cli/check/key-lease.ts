// The lease that a key of a check hangs on, for the whole life of the key: granted by whoever comes to the key first, kept alive now and then, and ended by a
// revoke or by its time. The earliest moment at which its time can be over is told to the history: the ttl behind the sending of the last request that was
// answered, less what the clocks of this machine and of the leader may differ (docs/leases.md).

import type { Client } from "../../client/client.ts";
import { clockDriftMax } from "../../client/lease.ts";
import { randomSessionId } from "../../client/session.ts";
import type { Expiry, History } from "./history.ts";
import { leaseText } from "../../base/lease-id.ts";

export interface KeyLeaseOptions {
  /** Of the key that hangs on it. */
  readonly key: string;
  readonly ttlMs: number;
  /** How often it is kept alive. */
  readonly renewals: number;
}

export class KeyLease {
  readonly id = randomSessionId();
  readonly text = leaseText(this.id);
  readonly #options: KeyLeaseOptions;
  #granted: Promise<boolean> | undefined;
  #expiry: Expiry | undefined;
  #renewals: number;
  #renewAtMs = 0;

  constructor(options: KeyLeaseOptions) {
    this.#options = options;
    this.#renewals = options.renewals;
  }

  /** false: it was not granted, or nobody knows, and so the key is of no use. The first one asks, and all that come wait for his answer. */
  granted(client: Client, history: History): Promise<boolean> {
    this.#granted ??= this.#grant(client, history).catch(() => false);
    return this.#granted;
  }

  async #grant(client: Client, history: History): Promise<boolean> {
    const { ttlMs, key } = this.#options;
    const sentMs = history.nowMs;
    await client.leases.grantOnly({ id: this.id, ttlMs });
    this.#expiry = history.expireFrom(key, this.text, safeUntil(sentMs, ttlMs));
    this.#renewAtMs = sentMs + ttlMs / 2;
    return true;
  }

  /** Keeps it alive when that is due. What goes wrong with it changes nothing: then it ends earlier. */
  async tend(client: Client, history: History): Promise<void> {
    const sentMs = history.nowMs;
    if (this.#renewals === 0 || sentMs < this.#renewAtMs) return;
    const { ttlMs } = this.#options;
    this.#renewals -= 1;
    this.#renewAtMs = sentMs + ttlMs / 2;
    const [remainingMs] = await client.leases.keepAlive([this.id], { timeoutMs: ttlMs }).catch(() => []);
    if (remainingMs !== undefined) this.#expiry?.postpone(safeUntil(sentMs, ttlMs));
  }

  /** Somebody was told that he has ended it. */
  ended(): void {
    this.#expiry?.cancel();
  }
}

function safeUntil(sentMs: number, ttlMs: number): number {
  return sentMs + ttlMs * (1 - clockDriftMax);
}
