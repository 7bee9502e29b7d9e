// Leases of the cluster: grants and revokes are writes, keep-alives are answered by the leader without one. See docs/leases.md.

import { assert } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import type { RegionId } from "../base/ids.ts";
import type { AdminMethods } from "../wire/admin-protocol.ts";
import type { LeaseDetails, LeaseReport } from "../wire/lease-reports.ts";
import { leaseText } from "../base/lease-id.ts";
import type { Admin } from "./admin.ts";
import type { Connection } from "./connection.ts";
import { type CallOptions, Deadline } from "./deadline.ts";
import { Lease, type LeasePort } from "./lease.ts";
import { noSuchLease } from "./lease-errors.ts";
import { randomSessionId } from "./session.ts";
import type { WriteOptions, WriteReceipt, Writes } from "./writes.ts";

export interface LeaseContext {
  readonly connection: Connection;
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, "now" | "at">;
  region(): RegionId;
}

type LeaseWriteOptions = Pick<WriteOptions, "timeoutMs" | "session" | "signal">;

const pageLimit = 1_000;

export class Leases {
  readonly #context: LeaseContext;
  readonly #writes: Writes;
  readonly #admin: Admin;

  constructor(context: LeaseContext, { writes, admin }: { readonly writes: Writes; readonly admin: Admin }) {
    this.#context = context;
    this.#writes = writes;
    this.#admin = admin;
  }

  /**
   * Granted, and kept alive from now on, until it is lost, released or revoked.
   * @param id chosen at random when absent. One that exists with this ttl is granted anew, with another one it is a CONFLICT.
   */
  async grant({ ttlMs, id = randomSessionId() }: { readonly ttlMs: number; readonly id?: bigint }, options: LeaseWriteOptions = {}): Promise<Lease> {
    const sentAt = this.#context.clock.now();
    const { index } = await this.grantOnly({ ttlMs, id }, options);
    return new Lease(this.#port(), { id, ttlMs, grantIndex: index, sentAt });
  }

  /** Granted, and left to whoever keeps it alive. */
  grantOnly({ ttlMs, id }: { readonly ttlMs: number; readonly id: bigint }, options: LeaseWriteOptions = {}): Promise<WriteReceipt> {
    return this.#writes.write({ operation: "leaseGrant", lease: id, ttlMs }, options);
  }

  /** Ends the lease with all its keys; `result.deleted` says how many they were. LEASE_NOT_FOUND when there is none. */
  revoke(id: bigint, options: LeaseWriteOptions = {}): Promise<WriteReceipt> {
    return this.#writes.write({ operation: "leaseRevoke", lease: id }, options);
  }

  /** Each of these leases has all of its time again. @returns ms that are left, in their order; undefined: there is no such lease (any more) */
  async keepAlive(ids: readonly bigint[], options: CallOptions = {}): Promise<readonly (number | undefined)[]> {
    const deadline = Deadline.of(options, this.#context.timeoutMs);
    const region = this.#context.region();
    const response = await this.#context.connection.callIdempotent((timeoutMs) => ({ operation: "leaseKeepAlive", region, timeoutMs, leases: ids }), deadline);
    assert(response.operation === "leaseKeepAlive", "a keep-alive is answered with what is left");
    return response.remainingMs;
  }

  /** All leases, page by page, in the order of their ids; pages may be of different moments. */
  async *list(options: CallOptions = {}): AsyncGenerator<LeaseReport> {
    let after: string | null = null;
    for (;;) {
      const page: AdminMethods["leaseList"]["result"] = await this.#admin.call("leaseList", { after, limit: pageLimit }, options);
      yield* page.leases;
      after = page.leases.at(-1)?.id ?? null;
      if (!page.more || after === null) return;
    }
  }

  /** @throws LEASE_NOT_FOUND */
  async info(id: bigint, { keys = false, ...options }: CallOptions & { readonly keys?: boolean } = {}): Promise<LeaseDetails> {
    const details = await this.#admin.call("leaseInfo", { lease: leaseText(id), keys }, options);
    if (details === null) throw noSuchLease(id);
    return details;
  }

  #port(): LeasePort {
    return {
      clock: this.#context.clock,
      keepAlive: async (id, timeoutMs) => (await this.keepAlive([id], { timeoutMs }))[0],
      revoke: (id, options) => this.revoke(id, options),
    };
  }
}
