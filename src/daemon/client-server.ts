// What clients ask of this node, on the client listener and on the admin socket: writes go to the leader, reads are served here as soon as their
// consistency allows (S117), the rest are admin methods.

import { RaftctlError } from "../base/errors.ts";
import type { HostedRegion } from "../host/host.ts";
import type { ReadViews } from "../host/read-views.ts";
import type { Raft } from "../host/region.ts";
import { nameOf } from "../host/status.ts";
import type { Watches } from "../host/watch/watches.ts";
import type { Machine } from "../machine/machine.ts";
import type { RangePage } from "../machine/reader.ts";
import type { RegionId } from "../base/ids.ts";
import type { MaybePromise } from "../base/deferred.ts";
import type { AdminResponse, ClientRequest, ClientResponse, CloseViewRequest, CloseViewResponse, GetRequest, LeaseKeepAliveRequest, LeaseKeepAliveResponse, PageRequest, ProposeRequest, ProposeResponse, RangeRequest, ReadOptions, ReadResponse, WatchRequest, WatchResponse } from "../wire/client-protocol.ts";
import { checkCommand, isExpiry, isSetting } from "../wire/command.ts";
import { checkTxnCommand } from "../wire/txn.ts";
import { leaseText } from "../base/lease-id.ts";
import { keepAliveAtLeader } from "./lease-reports.ts";
import type { AdminHandlers } from "./admin-handlers.ts";

export interface ServedRegion {
  readonly hosted: HostedRegion;
  readonly machine: Machine;
  readonly watches: Watches;
  readonly views: ReadViews;
}

export class ClientServer {
  readonly #name: string;
  readonly #region: (id: RegionId) => ServedRegion;
  readonly #admin: AdminHandlers;

  constructor(name: string, region: (id: RegionId) => ServedRegion, admin: AdminHandlers) {
    this.#name = name;
    this.#region = region;
    this.#admin = admin;
  }

  /** @param connection who asks: one object for as long as his connection holds */
  readonly onRequest = (request: ClientRequest, connection: object): MaybePromise<ClientResponse> => {
    switch (request.operation) {
      case "propose": return this.#propose(request);
      case "get": return this.#get(request);
      case "range": return this.#range(request, connection);
      case "admin": return this.#administer(request.method, request.params, request.timeoutMs);
      case "leaseKeepAlive": return this.#keepAlive(request);
      case "watch": return this.#watch(request, connection);
      case "page": return this.#page(request, connection);
      case "closeView": return this.#closeView(request, connection);
    }
  };

  #propose(request: ProposeRequest): Promise<ProposeResponse> {
    const { hosted } = this.#region(request.region);
    checkCommand(request.command);
    checkTxnCommand(request.command);
    if (isSetting(request.command)) throw new RaftctlError("DENIED", "a setting of the cluster is not written directly", { hint: "raftctl quota set, raftctl rules set, raftctl upgrade finalize" });
    if (isExpiry(request.command)) throw new RaftctlError("DENIED", "only the leader itself says that the time of a lease is over", { hint: "raftctl lease revoke" });
    return hosted.gateway.propose(request.command, request).then(({ term, index, result, forwardedTo }) => ({
      operation: "propose", term, index, result,
      forwardedBy: forwardedTo === undefined ? undefined : this.#name,
      leader: leaderName(hosted.raft),
    }));
  }

  #get(request: GetRequest): Promise<ReadResponse> {
    const served = this.#region(request.region);
    return this.#readable(served, request).then(() => {
      const record = served.machine.get(request.key);
      return this.#read(served, { records: record === undefined ? [] : [record], count: record === undefined ? 0 : 1, more: false });
    });
  }

  #range(request: RangeRequest, connection: object): Promise<ReadResponse> {
    const served = this.#region(request.region);
    return this.#readable(served, request).then(() => {
      const answer = this.#read(served, served.machine.range(request));
      if (request.wanted === undefined || !goesOn(answer, request.wanted)) return answer;
      // In the same turn, so of the same index.
      return { ...answer, view: served.views.hold(connection, answer.staleMs) };
    });
  }

  #page({ region, view, wanted, ...query }: PageRequest, connection: object): ReadResponse {
    const served = this.#region(region);
    const { divergence } = served.hosted.raft;
    if (divergence !== undefined) throw divergence;
    const page = served.views.read(connection, view, { ...query, countOnly: false });
    const answer = { ...this.#read(served, page), index: page.index, staleMs: page.staleMs };
    if (goesOn(page, wanted)) return { ...answer, view };
    served.views.end(connection, view);
    return answer;
  }

  #closeView({ region, view }: CloseViewRequest, connection: object): CloseViewResponse {
    return { operation: "closeView", wasOpen: this.#region(region).views.end(connection, view) };
  }

  /** A keep-alive may be repeated: nobody minds a lease that lasts longer. */
  async #keepAlive({ region, leases, timeoutMs }: LeaseKeepAliveRequest): Promise<LeaseKeepAliveResponse> {
    const served = this.#region(region);
    const params = { leases: leases.map(leaseText) };
    const { remainingMs } = await served.hosted.gateway.administerAgain({ method: "leaseKeepAlive", params, timeoutMs }, () => keepAliveAtLeader(served.hosted.lessor, params, timeoutMs));
    return { operation: "leaseKeepAlive", remainingMs: remainingMs.map((remaining) => remaining ?? undefined) };
  }

  async #watch(request: WatchRequest, connection: object): Promise<WatchResponse> {
    const { hosted: { raft }, watches } = this.#region(request.region);
    const { events, nextIndex, firstRetained, lastApplied } = await watches.watch(request, connection);
    return { operation: "watch", events, nextIndex, firstRetained, index: lastApplied, term: raft.core.currentTerm, leader: leaderName(raft), servedBy: this.#name };
  }

  async #administer(method: string, params: unknown, timeoutMs: number): Promise<AdminResponse> {
    return { operation: "admin", result: await this.#admin.fromClient(method, params, timeoutMs) };
  }

  /** The common case shares one promise with every read of its round. */
  #readable(served: ServedRegion, options: ReadOptions): Promise<unknown> {
    if (options.consistency === "linearizable" && options.minIndex === undefined) return served.hosted.gateway.readable(options.timeoutMs);
    return this.#readableAsAsked(served, options);
  }

  async #readableAsAsked({ hosted }: ServedRegion, options: ReadOptions): Promise<void> {
    const { raft, gateway } = hosted;
    if (raft.divergence !== undefined) throw raft.divergence;
    if (options.minIndex !== undefined) await raft.waitForApplied(options.minIndex, options.timeoutMs);
    if (options.consistency === "linearizable") await gateway.readable(options.timeoutMs);
    else if (options.consistency === "lease") await this.#readableByLease(hosted, options.timeoutMs);
    else if (options.consistency === "leader") {
      if (raft.core.role !== "leader") throw new RaftctlError("NOT_LEADER", `${this.#name} does not lead`, { details: { leader: raft.core.leader ?? null }, hint: "ask the leader, or read with --consistency linearizable on any node" });
      await raft.ensureConsistency(options.timeoutMs);
    } else if (options.maxLagMs !== undefined) this.#refuseLate(raft.leaderContactAge, options.maxLagMs);
  }

  #readableByLease({ raft, gateway }: HostedRegion, timeoutMs: number): Promise<number> {
    if (raft.core.hasLeaseReads) return gateway.readableByLease(timeoutMs);
    throw new RaftctlError("INVALID_ARGUMENT", `lease reads are off on ${this.#name}`, { hint: "set raft.leaseReads: true on every member (docs/lease-reads.md), or read with --consistency linearizable" });
  }

  #refuseLate(age: number | undefined, maxLagMs: number): void {
    if (age !== undefined && age <= maxLagMs) return;
    const heard = age === undefined ? "never heard a leader" : `last heard a leader ${Math.round(age)} ms ago`;
    throw new RaftctlError("UNHEALTHY", `${this.#name} ${heard}, more than the ${maxLagMs} ms asked for`, { details: { staleMs: age ?? null } });
  }

  #read({ hosted: { raft }, machine }: ServedRegion, { records, count, more }: RangePage): ReadResponse {
    const age = raft.leaderContactAge;
    return {
      operation: "read", records, count, more,
      // The core hears of what was applied a little later.
      index: machine.lastApplied,
      term: raft.core.currentTerm,
      leader: leaderName(raft),
      servedBy: this.#name,
      staleMs: age === undefined ? undefined : Math.round(age),
    };
  }
}

function goesOn({ records, more }: RangePage, wanted: number): boolean {
  return more && records.length > 0 && records.length < wanted;
}

function leaderName({ core: { leader, membership } }: Raft): string | undefined {
  return leader === undefined ? undefined : nameOf(membership, leader);
}
